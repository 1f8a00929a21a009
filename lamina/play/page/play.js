// The page of `lamina play`: asks the server for steps of training, and shows what comes back.
import { drawLandscape, drawLosses, drawNetwork, drawOutput, forgetColors, lossText } from "./drawing.js";

const FRAME = 33; // milliseconds from picture to picture
const LANDSCAPE = 2500; // milliseconds between landscapes while training
const ENDED = "The server has ended. Start lamina play again.";
const byId = (id) => document.getElementById(id);
const runs = new Map(); // place → Run
let begun = null; // what the server said first: choices, ranges, defaults
let playing = false;
let looping = false; // whether a loop that trains is under way
let seeking = false; // whether the place to go back to is being chosen
let fastest = 100; // steps a picture that keep the pace, found while running
let landscapeAt = 0;
let connection;
const waiting = []; // what to do with answers, in their order

// ---- asking

function ask(request) {
  return new Promise((resolve) => {
    if (connection.readyState !== WebSocket.OPEN) return resolve({ error: ENDED });
    waiting.push(resolve);
    connection.send(JSON.stringify(request));
  });
}

async function tell(request) {
  const answer = await ask(request);
  byId("problem").textContent = answer.error || "";
  for (const [place, frame] of Object.entries(answer.frames || {})) {
    runs.get(Number(place))?.show(frame);
  }
  if (answer.frames) showState();
  return answer;
}

// ---- one run

class Run {
  constructor(place, settings) {
    this.place = place;
    this.root = byId("run").content.firstElementChild.cloneNode(true);
    this.form = this.root.querySelector("form");
    this.grid = begun.grid; // pixels along each side of a picture
    this.table = "";
    this.frame = null;
    this.landscape = null;
    this.fill(settings);
    this.form.addEventListener("change", (event) => this.changed(event));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.root.querySelector(".copy").addEventListener("click", () => this.copy());
    byId("runs").append(this.root);
  }

  fill(settings) {
    for (const [name, choices] of Object.entries(begun.choices)) {
      this.form.elements[name].replaceChildren(...choices.map((choice) => new Option(choice, choice)));
    }
    for (const [name, [low, high]] of Object.entries(begun.ranges)) {
      Object.assign(this.form.elements[name], { min: low, max: high });
    }
    for (const [name, value] of Object.entries(settings)) {
      const field = this.form.elements[name];
      if (field) field.value = name === "layers" ? value.join(", ") : value;
    }
    this.table = settings.table || "";
    this.suit();
  }

  settings() {
    const settings = { table: this.table };
    for (const name of Object.keys(begun.defaults)) {
      const field = this.form.elements[name];
      if (!field) continue;
      if (name === "layers") {
        const parts = field.value.split(/[\s,;]+/).filter((part) => part);
        settings.layers = parts.map(Number);
      } else {
        settings[name] = field.type === "number" ? field.valueAsNumber : field.value;
      }
    }
    return settings;
  }

  suit() {
    const problem = this.form.elements.problem.value;
    const plane = !["credit", "csv"].includes(problem);
    for (const label of this.root.querySelectorAll(".own")) label.hidden = problem !== "csv";
    for (const label of this.root.querySelectorAll(".plane")) label.hidden = !plane;
  }

  async changed(event) {
    this.suit();
    if (event.target.name === "file") {
      const file = event.target.files[0];
      if (file?.size > begun.most.bytes) {
        byId("problem").textContent = `A table has at most ${begun.most.bytes / 2 ** 20} MiB.`;
        return;
      }
      this.table = (await file?.text()) || "";
    }
    if (this.form.elements.problem.value === "csv" && !this.table) {
      byId("problem").textContent = "Choose a CSV file: a line of names, then at least 10 rows.";
      return;
    }
    await this.begin();
  }

  async begin() {
    const answer = await tell({ do: "new", run: this.place, settings: this.settings() });
    if (answer.error) return;
    this.described = answer;
    this.landscape = null;
    this.root.querySelector("code").textContent = answer.code;
    this.show(answer.frames[this.place]);
    drawLandscape(this);
    showState();
  }

  show(frame) {
    this.frame = frame;
    if (!this.described) return;
    drawOutput(this);
    drawNetwork(this);
    drawLosses(this);
  }

  canvas(name) {
    return this.root.querySelector(`canvas.${name}`);
  }

  title() {
    const fields = this.form.elements;
    return `${fields.optimizer.value}, ${fields.learning_rate.value}`;
  }

  async copy() {
    const code = this.root.querySelector("code").textContent;
    await navigator.clipboard.writeText(code);
    byId("status").textContent = "The code is in the clipboard.";
  }
}

// ---- controls

function showState() {
  const texts = [];
  let most = 0;
  for (const [place, run] of runs) {
    if (!run.frame) continue;
    const name = runs.size > 1 ? `${"AB"[place]} (${run.title()}): ` : "Loss: ";
    texts.push(name + lossText(run.frame.losses.at(-1)));
    most = Math.max(most, run.frame.states.length - 1);
    run.root.querySelector("h2").textContent = runs.size > 1 ? `Run ${"AB"[place]}` : "The run";
  }
  byId("status").textContent = texts.join(" · ");
  byId("status").setAttribute("aria-live", playing ? "off" : "polite");
  const rewind = byId("rewind");
  if (seeking) return;
  rewind.max = most;
  rewind.value = most;
  rewind.disabled = most === 0;
}

async function showLandscapes() {
  const answer = await ask({ do: "landscape" });
  for (const [place, found] of Object.entries(answer.landscapes || {})) {
    const run = runs.get(Number(place));
    if (!run) continue;
    run.landscape = found;
    drawLandscape(run);
  }
}

async function loop() {
  if (looping) return; // one that was stopped has not ended: it goes on
  looping = true;
  while (playing) {
    const before = performance.now();
    const speed = Number(byId("speed").value);
    const answer = await tell({ do: "train", steps: speed || fastest });
    if (answer.error) break;
    const took = performance.now() - before;
    if (!speed) fastest = Math.max(10, Math.min(20000, Math.round((fastest * FRAME) / Math.max(took, 1))));
    if (before - landscapeAt > LANDSCAPE) {
      landscapeAt = before;
      await showLandscapes();
    }
    const rest = Math.max(0, FRAME - (performance.now() - before));
    await new Promise((resolve) => setTimeout(resolve, rest));
  }
  looping = false;
  setPlaying(false);
}

function setPlaying(on) {
  const starts = on && !playing;
  const stops = !on && playing;
  playing = on;
  byId("play").textContent = on ? "Pause" : "Train";
  byId("play").setAttribute("aria-pressed", String(on));
  if (starts) loop();
  if (stops) showLandscapes().then(showState);
}

async function compare(on) {
  if (on && !runs.has(1)) {
    const settings = { ...runs.get(0).settings() };
    settings.optimizer = settings.optimizer === "sgd" ? "adam" : "sgd";
    settings.learning_rate = settings.optimizer === "sgd" ? 0.1 : 0.01;
    runs.set(1, new Run(1, settings));
    for (const run of runs.values()) await run.begin();
  } else if (!on && runs.has(1)) {
    runs.get(1).root.remove();
    runs.delete(1);
    await tell({ do: "drop", run: 1 });
  }
}

function listen() {
  byId("play").addEventListener("click", () => setPlaying(!playing));
  byId("step").addEventListener("click", async () => {
    setPlaying(false);
    await tell({ do: "train", steps: Number(byId("speed").value) || 1 });
    await showLandscapes();
  });
  byId("reset").addEventListener("click", async () => {
    setPlaying(false);
    await tell({ do: "rewind", place: 0 });
    await showLandscapes();
  });
  byId("rewind").addEventListener("input", () => {
    seeking = true;
    setPlaying(false);
  });
  byId("rewind").addEventListener("change", async (event) => {
    const place = Number(event.target.value);
    setPlaying(false);
    seeking = false;
    await tell({ do: "rewind", place });
    await showLandscapes();
  });
  byId("compare").addEventListener("change", (event) => compare(event.target.checked));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    forgetColors();
    for (const run of runs.values()) {
      if (run.frame) run.show(run.frame);
      drawLandscape(run);
    }
  });
}

async function start() {
  begun = await ask({ do: "begin" });
  runs.set(0, new Run(0, begun.defaults));
  listen();
  await runs.get(0).begin();
}

connection = new WebSocket(`${location.href.replace(/^http/, "ws")}live`);
connection.addEventListener("message", (event) => waiting.shift()(JSON.parse(event.data)));
connection.addEventListener("open", start);
connection.addEventListener("close", () => {
  setPlaying(false);
  for (const control of document.querySelectorAll("button, select, input")) control.disabled = true;
  byId("problem").textContent = ENDED;
  for (const resolve of waiting.splice(0)) resolve({ error: ENDED });
});
