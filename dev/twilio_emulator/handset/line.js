/** The line of the handset: a WebSocket for what happens, a peer connection for the sound. */
export class Line {
    /**
     * @param {(event: Object) => void} onEvent gets every message of the emulator.
     * @param {HTMLAudioElement} speaker plays what is heard.
     */
    constructor(onEvent, speaker) {
        this.onEvent = onEvent;
        this.speaker = speaker;
        this.peer = null;
        this.microphone = null;
        this.open();
    }

    open() {
        const scheme = location.protocol === "https:" ? "wss:" : "ws:";
        this.socket = new WebSocket(`${scheme}//${location.host}/handset/socket`);
        this.socket.onopen = () => this.onEvent({ event: "open" });
        this.socket.onclose = () => {
            this.onEvent({ event: "closed" });
            setTimeout(() => this.open(), 2000);
        };
        this.socket.onmessage = async ({ data }) => {
            const message = JSON.parse(data);
            if (message.event === "sdp") {
                await this.peer?.setRemoteDescription({ type: "answer", sdp: message.sdp });
            } else {
                this.onEvent(message);
            }
        };
    }

    send(action, values = {}) {
        if (this.socket.readyState === WebSocket.OPEN) {
            this.socket.send(JSON.stringify({ action, ...values }));
        }
    }

    /** Opens the microphone; returns false when there is none or it is forbidden. */
    async useMicrophone() {
        try {
            this.microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
            return true;
        } catch {
            this.microphone = null;
            return false;
        }
    }

    /** Prepares sound for one call and returns the offer. */
    async offer() {
        this.release();
        const peer = (this.peer = new RTCPeerConnection());
        const track = this.microphone?.getAudioTracks()[0];
        if (track) {
            peer.addTrack(track, this.microphone);
        } else {
            peer.addTransceiver("audio", { direction: "recvonly" });
        }
        peer.ontrack = ({ streams, track: heard }) => {
            this.speaker.srcObject = streams[0] || new MediaStream([heard]);
            this.speaker.play().catch(() => this.onEvent({ event: "muted" }));
        };
        await peer.setLocalDescription(await peer.createOffer());
        return peer.localDescription.sdp;
    }

    /** Ends the sound of a call. */
    release() {
        this.peer?.close();
        this.peer = null;
        this.speaker.srcObject = null;
    }
}
