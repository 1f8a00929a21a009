// What the page of `lamina play` draws: predictions, nodes and edges, losses, the loss landscape.

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

// To be asked for anew, in another style.
export function forgetColors() {
  shades.clear();
  palettes.clear();
}

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

// ---- drawing

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// The pictures of a layer's units, each of `side` rows and columns, one below the other.
function image(values, side, turned, strength = 1) {
  const picture = new ImageData(side, values.length / side);
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

export function drawOutput(run) {
  const canvas = run.canvas("output");
  const context = cleared(canvas);
  const size = canvas.width;
  const values = bytes(run.frame.pictures.at(-1));
  context.drawImage(image(values, run.grid, true, 0.55), 0, 0, size, size);
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

export function drawNetwork(run) {
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
    const side = run.grid;
    const pictures = image(bytes(text), side, layer + 1 === sizes.length - 1);
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

export function drawLosses(run) {
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

export function drawLandscape(run) {
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

export function lossText([step, training, testing]) {
  return `${written(training)} in training, ${written(testing)} in testing, step ${step.toLocaleString("en")}`;
}
