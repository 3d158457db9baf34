/** The bell of the handset: 425 Hz, one second on, three seconds off. */
export class Ringer {
    constructor() {
        this.context = null;
        this.timer = 0;
    }

    start() {
        if (this.timer) {
            return;
        }
        this.context ??= new AudioContext();
        this.context.resume();
        this.beep();
        this.timer = setInterval(() => this.beep(), 4000);
    }

    beep() {
        const { context } = this;
        const gain = context.createGain();
        gain.gain.setValueAtTime(0.0001, context.currentTime);
        gain.gain.exponentialRampToValueAtTime(0.2, context.currentTime + 0.03);
        gain.gain.setValueAtTime(0.2, context.currentTime + 0.97);
        gain.gain.exponentialRampToValueAtTime(0.0001, context.currentTime + 1);
        gain.connect(context.destination);
        const tone = context.createOscillator();
        tone.frequency.value = 425;
        tone.connect(gain);
        tone.start();
        tone.stop(context.currentTime + 1);
    }

    stop() {
        clearInterval(this.timer);
        this.timer = 0;
        this.context?.suspend();
    }
}
