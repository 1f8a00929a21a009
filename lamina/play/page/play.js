// The page of `lamina play`: asks the server for steps of training, and draws what comes back.
"use strict";

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

// ---- colours

const shades = new Map(); // by name, as the style sheet says

function color(name) {
  if (!shades.has(name)) {
    const style = getComputedStyle(document.documentElement);
    shades.set(name, style.getPropertyValue(`--${name}`).trim());
  }
  return shades.get(name);
}

function channels(hex) {
  return [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
}

// 0: negative, 128: background, 255: positive. Class 1 is orange, so `turned` swaps the ends.
const palettes = new Map(); // by ends and strength

function palette(turned, strength) {
  const key = `${turned} ${strength}`;
  if (!palettes.has(key)) palettes.set(key, mixed(turned, strength));
  return palettes.get(key);
}

function mixed(turned, strength) {
  const ends = ["negative", "background", "positive"].map((name) => channels(color(name)));
  if (turned) ends.reverse();
  return Array.from({ length: 256 }, (_, value) => {
    const share = value / 127.5;
    const [from, to] = share < 1 ? [ends[0], ends[1]] : [ends[1], ends[2]];
    const part = share < 1 ? share : share - 1;
    const middle = ends[1];
    const [red, green, blue] = from.map((channel, place) => {
      const whole = channel + (to[place] - channel) * part;
      return Math.round(middle[place] + (whole - middle[place]) * strength);
    });
    return (255 << 24) | (blue << 16) | (green << 8) | red; // as a picture keeps them
  });
}

// ---- one run

class Run {
  constructor(place, settings) {
    this.place = place;
    this.root = byId("run").content.firstElementChild.cloneNode(true);
    this.form = this.root.querySelector("form");
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

// ---- drawing

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// The pictures of a layer's units, one below the other.
function image(values, turned, strength = 1) {
  const picture = new ImageData(begun.grid, values.length / begun.grid);
  const pixels = new Int32Array(picture.data.buffer);
  const colors = palette(turned, strength);
  values.forEach((value, place) => {
    pixels[place] = colors[value];
  });
  return drawn(picture);
}

function drawn(picture) {
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return canvas;
}

function cleared(canvas) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.font = "22px system-ui, sans-serif";
  return context;
}

function drawOutput(run) {
  const canvas = run.canvas("output");
  const context = cleared(canvas);
  const size = canvas.width;
  const values = bytes(run.frame.pictures.at(-1));
  context.drawImage(image(values, true, 0.55), 0, 0, size, size);
  const span = 2.2; // standard deviations, as the server draws
  const toPixel = (value) => ((value + span) / (2 * span)) * size;
  run.described.points.forEach((points, tested) => {
    for (const [x, y, label] of points) {
      context.beginPath();
      const place = [toPixel(x), toPixel(-y)];
      if (label) context.rect(place[0] - 5, place[1] - 5, 10, 10);
      else context.arc(...place, 5.5, 0, 2 * Math.PI);
      context.fillStyle = color(label ? "negative" : "positive");
      context.strokeStyle = color("background");
      context.lineWidth = 1.5;
      context.globalAlpha = tested ? 0.35 : 1;
      context.fill();
      context.stroke();
    }
  });
  context.globalAlpha = 1;
  const [first, second] = run.described.columns;
  const more = run.described.columns.length - 2;
  const rest = more ? `; ${more} more at their mean` : "";
  run.root.querySelector("figcaption").textContent =
    `What it predicts: ${first} across, ${second} up${rest}; pale points are for testing`;
  canvas.setAttribute("aria-label", `Predictions over ${first} and ${second}, step ${run.frame.step}`);
}

function drawNetwork(run) {
  const canvas = run.canvas("network");
  const context = cleared(canvas);
  const kernels = run.frame.weights;
  const sizes = [kernels[0].length, ...kernels.map((kernel) => kernel[0].length)];
  const size = Math.min(64, (canvas.height - 20) / Math.max(...sizes.slice(1)) - 6);
  const column = (layer) => 70 + (layer * (canvas.width - 140)) / (sizes.length - 1);
  const row = (layer, unit) => (canvas.height * (unit + 0.5)) / sizes[layer];
  const largest = Math.max(1e-9, ...kernels.flat(2).map((weight) => Math.abs(weight ?? 0)));
  kernels.forEach((kernel, layer) => {
    kernel.forEach((weights, unit) => {
      weights.forEach((weight, next) => {
        const share = Math.abs(weight ?? 0) / largest;
        context.globalAlpha = 0.1 + 0.9 * Math.sqrt(share);
        context.strokeStyle = color(weight < 0 ? "negative" : "positive");
        context.lineWidth = 0.5 + 8 * share;
        context.beginPath();
        context.moveTo(column(layer), row(layer, unit));
        context.lineTo(column(layer + 1), row(layer + 1, next));
        context.stroke();
      });
    });
  });
  context.globalAlpha = 1;
  context.fillStyle = color("ink");
  context.textAlign = "center";
  run.described.columns.forEach((name, unit) => {
    const step = Math.max(1, Math.ceil(sizes[0] / 16));
    if (unit % step) return;
    const height = row(0, unit);
    const text = name.slice(0, 12);
    const width = Math.min(130, context.measureText(text).width) + 12;
    context.fillStyle = color("background");
    context.fillRect(70 - width / 2, height - 15, width, 30);
    context.fillStyle = color("ink");
    context.fillText(text, 70, height + 8, 130);
  });
  run.frame.pictures.forEach((text, layer) => {
    const side = begun.grid;
    const pictures = image(bytes(text), layer + 1 === sizes.length - 1);
    for (let unit = 0; unit < sizes[layer + 1]; unit += 1) {
      const place = [column(layer + 1) - size / 2, row(layer + 1, unit) - size / 2, size, size];
      context.drawImage(pictures, 0, unit * side, side, side, ...place);
      context.strokeStyle = color("muted");
      context.lineWidth = 1.5;
      context.strokeRect(...place);
    }
  });
  canvas.setAttribute("aria-label", `Network of ${sizes.join(", ")} nodes with its weights`);
}

function axes(context, canvas, low, high, last) {
  context.strokeStyle = color("grid");
  context.fillStyle = color("muted");
  context.textAlign = "left";
  context.lineWidth = 1;
  for (const share of [0, 0.5, 1]) {
    const height = 20 + share * (canvas.height - 60);
    context.beginPath();
    context.moveTo(70, height);
    context.lineTo(canvas.width - 10, height);
    context.stroke();
    context.fillText(written(high - share * (high - low)), 4, height + 7, 62);
  }
  context.textAlign = "right";
  context.fillText(`step ${last.toLocaleString("en")}`, canvas.width - 10, canvas.height - 8);
}

function drawLosses(run) {
  const canvas = run.canvas("losses");
  const context = cleared(canvas);
  const rows = run.frame.losses;
  const values = rows.flatMap(([, ...losses]) => losses).filter((loss) => loss !== null);
  const high = Math.max(...values, 0.01);
  const low = Math.min(...values, high) * 0.9;
  const last = Math.max(1, rows.at(-1)[0]);
  axes(context, canvas, low, high, rows.at(-1)[0]);
  [["positive", [10, 6]], ["negative", []]].forEach(([name, dash], kind) => {
    context.strokeStyle = color(name);
    context.lineWidth = 3;
    context.setLineDash(dash);
    context.beginPath();
    let drawn = false;
    for (const row of rows) {
      const loss = row[kind + 1];
      if (loss === null) continue;
      const x = 70 + (row[0] / last) * (canvas.width - 80);
      const y = 20 + ((high - loss) / (high - low || 1)) * (canvas.height - 60);
      if (drawn) context.lineTo(x, y);
      else context.moveTo(x, y);
      drawn = true;
    }
    context.stroke();
  });
  context.setLineDash([]);
  canvas.setAttribute("aria-label", `Loss: ${lossText(rows.at(-1))}`);
}

function drawLandscape(run) {
  const canvas = run.canvas("landscape");
  const context = cleared(canvas);
  const found = run.landscape;
  if (!found || !found.grid.length) {
    context.fillStyle = color("muted");
    context.textAlign = "left";
    context.fillText("after some steps of training", 20, canvas.height / 2);
    canvas.setAttribute("aria-label", "Loss landscape: after some steps of training");
    return;
  }
  const { grid, bounds, path } = found;
  const sorted = grid.flat().filter((loss) => loss !== null).sort((a, b) => a - b);
  const [back, ink] = [channels(color("background")), channels(color("muted"))];
  const picture = new ImageData(grid[0].length, grid.length);
  grid.toReversed().flat().forEach((loss, place) => {
    // each shade covers the same area
    const rank = loss === null ? 1 : sorted.findIndex((value) => value >= loss) / sorted.length;
    const mixed = back.map((channel, index) => channel + (ink[index] - channel) * rank * 0.8);
    picture.data.set([...mixed, 255], place * 4);
  });
  context.drawImage(drawn(picture), 0, 0, canvas.width, canvas.height);
  const toPixel = ([x, y]) => [
    ((x - bounds[0][0]) / (bounds[0][1] - bounds[0][0])) * canvas.width,
    canvas.height - ((y - bounds[1][0]) / (bounds[1][1] - bounds[1][0])) * canvas.height,
  ];
  context.strokeStyle = color("negative");
  context.lineWidth = 3;
  context.beginPath();
  path.forEach((place, index) => context[index ? "lineTo" : "moveTo"](...toPixel(place)));
  context.stroke();
  context.fillStyle = color("ink");
  context.beginPath();
  context.arc(...toPixel(path.at(-1)), 8, 0, 2 * Math.PI);
  context.fill();
  canvas.setAttribute("aria-label", `Loss landscape with the way of ${path.length} states`);
}

function written(loss) {
  if (loss === null) return "not finite";
  if (loss >= 1000 || (loss < 0.001 && loss > 0)) return loss.toExponential(1);
  return loss.toFixed(4);
}

function lossText([step, training, testing]) {
  return `${written(training)} in training, ${written(testing)} in testing, step ${step.toLocaleString("en")}`;
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
    shades.clear();
    palettes.clear();
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
