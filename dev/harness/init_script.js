/**
 * Runs in every page before its own scripts. It changes nothing that the product decides: it lets
 * a pure tone pass the microphone, and remembers which sounds the page receives and plays.
 */
(() => {
    const remote = [];
    const played = new Set();
    const notices = [];
    let context;

    // A notification closes itself after four seconds, before a busy machine may look for it.
    new MutationObserver((changes) => {
        for (const { addedNodes } of changes) {
            for (const node of addedNodes) {
                if (node.matches?.(".o_notification")) {
                    notices.push(node);
                } else if (node.querySelectorAll) {
                    notices.push(...node.querySelectorAll(".o_notification"));
                }
            }
        }
    }).observe(document, { childList: true, subtree: true });

    // A steady tone is noise to the browser's voice processing and would be removed.
    const devices = navigator.mediaDevices;
    if (devices) {
        const original = devices.getUserMedia.bind(devices);
        devices.getUserMedia = (constraints = {}) => {
            const audio = typeof constraints.audio === "object" ? constraints.audio : {};
            return original({
                ...constraints,
                audio: {
                    ...audio,
                    echoCancellation: false,
                    noiseSuppression: false,
                    autoGainControl: false,
                },
            });
        };
    }

    const Connection = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Connection {
        constructor(...args) {
            super(...args);
            this.addEventListener("track", ({ track }) => {
                context ||= new AudioContext();
                const stream = new MediaStream([track]);
                // Chromium gives a received stream to the analyser only while an element plays it.
                const element = Object.assign(document.createElement("audio"), { muted: true });
                element.srcObject = stream;
                element.dataset.e2e = "1";
                element.play().catch(() => {});
                const analyser = context.createAnalyser();
                analyser.fftSize = 8192;
                analyser.smoothingTimeConstant = 0;
                context.createMediaStreamSource(stream).connect(analyser);
                remote.push({ connection: this, track, analyser, element });
            });
        }
    };

    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function (...args) {
        if (!this.dataset.e2e) {
            played.add(this);
        }
        return play.apply(this, args);
    };

    window.e2e = {
        /** @returns {{ hz: number, db: number }} the strongest frequency that arrives now */
        heard() {
            const live = remote.filter(
                ({ connection, track }) =>
                    track.readyState === "live" && connection.connectionState === "connected"
            );
            let best = { hz: 0, db: -200 };
            for (const { analyser } of live) {
                const bins = new Float32Array(analyser.frequencyBinCount);
                analyser.getFloatFrequencyData(bins);
                const width = context.sampleRate / analyser.fftSize;
                for (let i = Math.ceil(150 / width); i * width < 3600; i++) {
                    if (bins[i] > best.db) {
                        best = { hz: i * width, db: bins[i] };
                    }
                }
            }
            return best.db > -70 ? best : { hz: 0, db: best.db };
        },

        /** @returns {number} how many connections with sound are open */
        connections() {
            return remote.filter(({ connection }) => connection.connectionState === "connected")
                .length;
        },

        /** @returns {boolean} whether a notification with the text was shown since `forget` */
        said(text) {
            return notices.some((node) => node.textContent.replace(/\s+/g, " ").includes(text));
        },

        /** Forget the notifications shown until now. */
        forget() {
            notices.length = 0;
        },

        /** @returns {boolean} whether this tab plays a file whose address contains the name */
        plays(name) {
            return [...played].some((el) => !el.paused && el.src.includes(name));
        },
    };
})();
