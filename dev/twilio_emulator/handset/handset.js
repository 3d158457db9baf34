import { Line } from "./line.js";
import { Ringer } from "./ringer.js";

const KEYS = [
    ["1", ""],
    ["2", "ABC"],
    ["3", "DEF"],
    ["4", "GHI"],
    ["5", "JKL"],
    ["6", "MNO"],
    ["7", "PQRS"],
    ["8", "TUV"],
    ["9", "WXYZ"],
    ["*", ""],
    ["0", "+"],
    ["#", ""],
];
const TEXTS = {
    offline: "No connection to the emulator",
    idle: "Ready",
    calling: "Calling",
    talking: "In a call",
    ringing: "Incoming call",
};
const ENDS = {
    busy: "Busy",
    "no-answer": "Nobody answered",
    failed: "The call failed",
    canceled: "The caller hung up",
    completed: "The call is over",
    elsewhere: "Answered on another telephone",
    refused: "You refused the call",
};

const $ = (id) => document.getElementById(id);
const phone = document.querySelector(".phone");
const ringer = new Ringer();
const line = new Line(onEvent, $("sound"));
let state = "offline";
let call = null;
let started = 0;
let waiting = [];

function show(next, text = TEXTS[next], party = call?.party || "") {
    state = next;
    phone.dataset.state = next;
    $("status").textContent = text;
    $("party").textContent = party;
    const inCall = next === "calling" || next === "talking";
    $("answer").disabled = next !== "ringing";
    $("hangup").disabled = !inCall && next !== "ringing";
    $("hangup").textContent = next === "ringing" ? "Refuse" : "Hang up";
    for (const key of $("keys").children) {
        key.disabled = next !== "talking";
    }
    if (next === "ringing") {
        ringer.start();
    } else {
        ringer.stop();
    }
    if (next !== "talking") {
        $("timer").textContent = "";
        $("pressed").textContent = "";
    }
}

function onEvent(message) {
    handlers[message.event]?.(message);
}

const handlers = {
    open() {
        line.send("hello", { number: $("own").value });
        line.send("voice", { hz: Number($("voice").value) });
    },
    closed() {
        call = null;
        waiting = [];
        line.release();
        show("offline");
    },
    numbers({ own, numbers }) {
        $("own").value = own;
        $("numbers").replaceChildren(...numbers.map(numberButton));
        show("idle");
    },
    calling({ sid }) {
        call.sid = sid;
    },
    answered() {
        started = Date.now();
        show("talking");
    },
    ringing({ sid, caller, to }) {
        waiting.push({ sid, party: caller, to });
        offerNext();
    },
    stopped({ sid, answered }) {
        waiting = waiting.filter((each) => each.sid !== sid);
        if (call?.sid === sid && state === "ringing") {
            end(answered ? "elsewhere" : "canceled");
        }
    },
    ended({ status }) {
        end(status);
    },
    error({ message }) {
        $("note").textContent = message;
        end("failed");
    },
    muted() {
        $("note").textContent = "Click anywhere to hear the call.";
        addEventListener("click", () => $("sound").play(), { once: true });
    },
};

function numberButton({ number, name }) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.number = number;
    const label = document.createElement("span");
    label.textContent = name;
    const small = document.createElement("small");
    small.textContent = number;
    button.append(label, small);
    button.onclick = () => dial(number);
    return button;
}

/** Opens the microphone if it is wanted; without one the handset speaks a tone. */
async function prepareVoice() {
    if ($("voice").value === "0" && !line.microphone && !(await line.useMicrophone())) {
        $("voice").value = "440";
        $("note").textContent = "No microphone: the handset speaks a tone.";
    }
    line.send("voice", { hz: Number($("voice").value) });
}

async function dial(number) {
    if (state !== "idle") {
        return;
    }
    call = { party: number };
    $("note").textContent = "";
    show("calling");
    await prepareVoice();
    line.send("dial", { to: number, from: $("own").value.trim(), sdp: await line.offer() });
}

function offerNext() {
    if (!call && waiting.length) {
        call = waiting[0];
        show("ringing", `Call for ${call.to}`);
    }
}

async function answer() {
    if (state !== "ringing") {
        return;
    }
    ringer.stop();
    await prepareVoice();
    const sdp = await line.offer();
    waiting = waiting.filter((each) => each.sid !== call?.sid);
    line.send("answer", { sid: call?.sid, sdp });
}

function hangUp() {
    if (state !== "ringing") {
        line.send("hangup");
        return;
    }
    const { sid } = call;
    waiting = waiting.filter((each) => each.sid !== sid);
    line.send("refuse", { sid });
    end("refused");
}

function end(status) {
    line.release();
    call = null;
    show("idle", ENDS[status] || TEXTS.idle);
    offerNext();
}

function press(digit) {
    if (state === "talking") {
        line.send("keys", { digits: digit });
        $("pressed").textContent = ($("pressed").textContent + digit).slice(-16);
    }
}

for (const [digit, letters] of KEYS) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.key = digit;
    button.append(digit);
    const small = document.createElement("small");
    small.textContent = letters;
    button.append(small);
    button.onclick = () => press(digit);
    $("keys").append(button);
}
$("answer").onclick = answer;
$("hangup").onclick = hangUp;
$("own").onchange = () => localStorage.setItem("handset.own", $("own").value);
$("own").value = localStorage.getItem("handset.own") || "";
$("voice").onchange = prepareVoice;
addEventListener("keydown", (event) => {
    if (event.target.tagName !== "INPUT" && /^[0-9*#]$/.test(event.key)) {
        press(event.key);
    }
});
setInterval(() => {
    if (state === "talking") {
        const seconds = Math.floor((Date.now() - started) / 1000);
        const rest = String(seconds % 60).padStart(2, "0");
        $("timer").textContent = `${Math.floor(seconds / 60)}:${rest}`;
    }
}, 500);
show("offline", "Connecting…");
