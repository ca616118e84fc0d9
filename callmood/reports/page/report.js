"use strict";
(() => {
// ---- data: what report.html holds as JSON, unpacked into typed arrays ------------------------------------

const SCALE = 254; // probabilities are stored as round(254 p); 255 stands for none
const NONE = 255;
const STATES = ["speech", "silence", "noise", "clipped", "unsure"];

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Turn a leg of the JSON into arrays: where each row begins and ends to the eye, and how much it matters. */
function unpackLeg(leg, session) {
  const starts = new Float64Array(bytesOf(leg.starts).buffer);
  const ends = new Float64Array(bytesOf(leg.ends).buffer);
  const states = bytesOf(leg.states);
  const emotions = new Int8Array(bytesOf(leg.emotions).buffer);
  const smoothed = bytesOf(leg.smoothed);
  const count = starts.length;
  const numLabels = session.labels.length;
  // Windows overlap: neighbours that touch meet in the middle of what they share.
  const left = Float64Array.from(starts);
  const right = Float64Array.from(ends);
  for (let row = 0; row + 1 < count; row += 1) {
    if (ends[row] >= starts[row + 1]) {
      right[row] = left[row + 1] = Math.max(left[row], (ends[row] + starts[row + 1]) / 2);
    }
  }
  // What a pixel shows that holds many rows: the strongest emotion but neutral, then neutral, then the rest.
  const weights = new Uint16Array(count);
  for (let row = 0; row < count; row += 1) {
    let peak = 0;
    for (let label = 0; label < numLabels; label += 1) {
      const share = smoothed[row * numLabels + label];
      if (label !== session.neutral && share !== NONE && share > peak) peak = share;
    }
    const scored = smoothed[row * numLabels] !== NONE;
    const emotional = emotions[row] >= 0 && emotions[row] !== session.neutral;
    weights[row] = scored ? (emotional ? 512 : 256) + peak : [1, 1, 2, 3, 1][states[row]];
  }
  return { ...leg, starts, ends, states, emotions, smoothed, levels: bytesOf(leg.levels), left, right, weights };
}

const data = JSON.parse(document.getElementById("data").textContent);
const sessions = data.sessions.map((session, number) => ({
  ...session,
  number,
  legs: session.legs.map((leg) => unpackLeg(leg, session)),
  element: document.getElementById(`session-${number}`),
}));
const total = Math.max(1, ...sessions.map((session) => session.seconds));

/** Find the first index for which `right` lies beyond a time. */
function firstAfter(right, seconds) {
  let low = 0;
  let high = right.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (right[middle] > seconds) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Give the row that is drawn at a time; -1 where there is none. */
function rowAt(leg, seconds) {
  const row = firstAfter(leg.right, seconds);
  return row < leg.left.length && leg.left[row] <= seconds ? row : -1;
}

const spanAt = (spans, seconds) => spans.find(([start, end]) => start <= seconds && seconds < end);

// ---- words: times and values ------------------------------------------------------------------------------

const two = (number) => String(number).padStart(2, "0");

function timeText(seconds, decimals = 0) {
  const unit = 10 ** decimals;
  const ticks = Math.round(Math.max(0, seconds) * unit);
  const whole = Math.floor(ticks / unit);
  const rest = decimals ? `.${String(ticks % unit).padStart(decimals, "0")}` : "";
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}${rest}`;
}

/** Give the time of day; the session's own offset from UTC is already in `clock`. */
function clockText(session, seconds) {
  const date = new Date(session.clock + 1000 * seconds);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
}

const kindText = (session, leg, row) =>
  leg.emotions[row] >= 0 ? session.labels[leg.emotions[row]] : STATES[leg.states[row]];

// ---- the view: one for all legs of all sessions -----------------------------------------------------------

const MIN_SPAN = Math.min(total, Math.max(4, 2 * Math.max(...sessions.map((session) => session.win))));
const view = { start: 0, span: total, cursor: 0, kept: 0 }; // the cursor returns to `kept` once nobody points
let selection = null;
let isAsked = false;

function setView(start, span) {
  view.span = clamp(span, MIN_SPAN, total);
  view.start = clamp(start, 0, total - view.span);
  ask();
}

function zoom(factor, about) {
  const span = clamp(view.span * factor, MIN_SPAN, total);
  setView(about - ((about - view.start) * span) / view.span, span);
}

/** Move the cursor, or only point at a time; `speak` tells screen readers what it reads. */
function setCursor(seconds, { follow = false, speak = false, points = false } = {}) {
  view.cursor = clamp(seconds, 0, total);
  if (!points) view.kept = view.cursor;
  if (follow && (view.cursor < view.start || view.cursor > view.start + view.span)) {
    setView(view.cursor - view.span / 2, view.span);
  }
  placeLines();
  const words = sessions.map(readOut);
  if (speak) document.getElementById("spoken").textContent = words.join("; ");
}

/** Show a span in about three times its length, and put the cursor into it. */
function show(number, leg, start, end, at = start) {
  selection = { number, leg, start, end };
  const span = Math.max(20, 3 * (end - start));
  setView((start + end - span) / 2, span);
  setCursor(at);
}

function ask() {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    drawAll();
  });
}

// ---- colours and patterns ---------------------------------------------------------------------------------

let colours = {};
let patterns = new Map();

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "faint", "line", "panel", "plot", "accent", "warning", "silence", "unsure"];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  patterns = new Map();
}

/** Choose black or white, whichever stands out more on a colour. */
function inkOn(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.2 ? "#000" : "#fff";
}

/** Make a pattern that tells a kind apart without colour. */
function pattern(context, kind, colour) {
  const key = `${kind} ${colour}`;
  if (patterns.has(key)) return patterns.get(key);
  const size = 8;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const brush = tile.getContext("2d");
  brush.strokeStyle = brush.fillStyle = colour;
  brush.lineWidth = 1.2;
  const line = (x0, y0, x1, y1) => {
    brush.beginPath();
    brush.moveTo(x0, y0);
    brush.lineTo(x1, y1);
    brush.stroke();
  };
  if (kind === "diagonal" || kind === "cross") {
    for (const shift of [-size, 0, size]) line(shift, size, shift + size, 0);
  }
  if (kind === "cross") for (const shift of [-size, 0, size]) line(shift, 0, shift + size, size);
  if (kind === "horizontal") line(0, 3.5, size, 3.5);
  if (kind === "vertical") line(3.5, 0, 3.5, size);
  if (kind === "dots") {
    for (const [x, y] of [[2, 2], [6, 6]]) {
      brush.beginPath();
      brush.arc(x, y, 1.2, 0, 7);
      brush.fill();
    }
  }
  const made = context.createPattern(tile, "repeat");
  patterns.set(key, made);
  return made;
}

/** Fill a rectangle in the colour and the pattern of an emotion; neutral stays in the background. */
function fillEmotion(context, session, label, x, y, width, height) {
  context.globalAlpha = label === session.neutral ? NEUTRAL_ALPHA / 255 : 1;
  context.fillStyle = session.colours[label];
  context.fillRect(x, y, width, height);
  context.globalAlpha = 1;
  if (session.patterns[label] && width >= 6) {
    context.fillStyle = pattern(context, session.patterns[label], `rgb(255 255 255 / ${STROKE})`);
    context.fillRect(x, y, width, height);
  }
}

const NEUTRAL_ALPHA = 128;
const STROKE = 0.38; // how much of white there is in a pattern
const IN_PATTERN = {
  diagonal: (x, y) => (x + y) % 8 < 1,
  cross: (x, y) => (x + y) % 8 < 1 || (x - y + 800) % 8 < 1,
  horizontal: (x, y) => y % 8 === 3,
  vertical: (x, y) => x % 8 === 3,
  dots: (x, y) => (x % 8 === 2 && y % 8 === 2) || (x % 8 === 6 && y % 8 === 6),
};

/** Give an 8 by 8 tile of an emotion as pixels; among spikes a pattern would be noise. */
function tileOf(session, label, hasPattern) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(session.colours[label].slice(at, at + 2), 16));
  const alpha = label === session.neutral ? NEUTRAL_ALPHA : 255;
  const isIn = (hasPattern && IN_PATTERN[session.patterns[label]]) || (() => false);
  return Uint32Array.from({ length: 64 }, (_, at) => {
    const mixed = [red, green, blue].map((value) => Math.round(isIn(at % 8, at >> 3) ? value + STROKE * (255 - value) : value));
    return ((alpha << 24) | (mixed[2] << 16) | (mixed[1] << 8) | mixed[0]) >>> 0;
  });
}

// ---- drawing: a leg ---------------------------------------------------------------------------------------

const isNarrow = () => window.innerWidth < 640;
const gutter = () => (isNarrow() ? 34 : 52);
const LAYOUT = { alerts: 18, plot: 112, lane: 20, gap: 6, spectrogram: 84, foot: 4 };
const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif';

const pixelRatio = () => Math.min(Math.max(Math.ceil(window.devicePixelRatio || 1), 1), 2);

/** Prepare a canvas for its size on the screen, and give its context and size in CSS pixels. */
function prepared(canvas, height) {
  const ratio = pixelRatio();
  const width = Math.max(120, Math.floor(canvas.parentElement.clientWidth));
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  context.textBaseline = "middle";
  return { context, width, height };
}

/** A time axis on a canvas: x of a time, from the gutter to the right edge. */
function timeScale(width, start = view.start, span = view.span, indent = gutter()) {
  const pixels = Math.max(1, width - indent - 1);
  return {
    indent,
    pixels,
    start,
    end: start + span,
    each: span / pixels,
    x: (seconds) => indent + ((seconds - start) / span) * pixels,
    seconds: (x) => start + ((x - indent) / pixels) * span,
  };
}

/**
 * Choose the rows to draw: all where there is room, else the one of most weight for each pixel.
 * Pixels stand still on the session's clock, so that nothing flickers while the view moves.
 */
function chosenRows(leg, scale) {
  const first = firstAfter(leg.right, scale.start);
  const end = firstAfter(leg.left, scale.end);
  const chosen = [];
  if (end - first <= scale.pixels) {
    for (let row = first; row < end; row += 1) chosen.push({ row, left: leg.left[row], right: leg.right[row] });
    return chosen;
  }
  chosen.isCoarse = true;
  for (let row = first; row < end; ) {
    const pixel = Math.floor(leg.left[row] / scale.each);
    const right = (pixel + 1) * scale.each;
    let best = row;
    for (row += 1; row < end && leg.left[row] < right; row += 1) if (leg.weights[row] > leg.weights[best]) best = row;
    chosen.push({ row: best, left: pixel * scale.each, right });
  }
  return chosen;
}

/** Cut what is chosen into runs of windows of speech that touch. */
function speechRuns(session, leg, chosen) {
  const runs = [];
  let run = null;
  let before = -Infinity;
  for (const each of chosen) {
    if (leg.smoothed[each.row * session.labels.length] === NONE) {
      run = null;
      continue;
    }
    if (run === null || each.left > before + 1e-6) runs.push((run = []));
    run.push(each);
    before = each.right;
  }
  return runs;
}

/** Give pixels to draw on, as many as asked for, and transparent. */
function pixelsOf(leg, width, height) {
  if (leg.pixels?.canvas.width !== width || leg.pixels.canvas.height !== height) {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    leg.pixels = { canvas, context, image, values: new Uint32Array(image.data.buffer) };
  }
  leg.pixels.values.fill(0);
  return leg.pixels;
}

/** Mix two pixels, so that the edge between them is smooth. */
function mixed(one, other, share) {
  let value = 0;
  for (const shift of [0, 8, 16, 24]) {
    const [from, to] = [(other >>> shift) & 255, (one >>> shift) & 255];
    value |= Math.round(from + share * (to - from)) << shift;
  }
  return value >>> 0;
}

/**
 * Draw the smoothed probabilities, one above the other; neutral is the uppermost.
 * Pixel by pixel: for thousands of spikes that is ten times as fast as paths.
 */
function drawProbabilities(context, session, leg, scale, chosen, top, height) {
  const zoom = chosen.isCoarse ? 1 : pixelRatio();
  const width = Math.round(scale.pixels) * zoom;
  const rows = height * zoom;
  const { canvas, context: brush, image, values } = pixelsOf(leg, width, rows);
  const numLabels = session.labels.length;
  const tiles = chosen.isCoarse ? session.plainTiles : session.tiles;
  const x = (seconds) => ((seconds - scale.start) / scale.each) * zoom;
  for (const run of speechRuns(session, leg, chosen)) {
    const end = Math.min(width, Math.max(Math.round(x(run.at(-1).right)), Math.round(x(run[0].left)) + 1));
    let next = 0;
    for (let column = Math.max(0, Math.round(x(run[0].left))); column < end; column += 1) {
      const seconds = scale.start + ((column + 0.5) / zoom) * scale.each;
      while (next < run.length && (run[next].left + run[next].right) / 2 <= seconds) next += 1;
      let one = run[Math.max(0, next - 1)];
      let other = run[Math.min(next, run.length - 1)];
      if (chosen.isCoarse) one = other = seconds < one.right ? one : other;
      const [from, to] = [(one.left + one.right) / 2, (other.left + other.right) / 2];
      const weight = to > from ? (seconds - from) / (to - from) : 0;
      let y = rows; // what lies below is drawn
      let sum = 0;
      const put = (value) => {
        y -= 1;
        values[y * width + column] = value;
      };
      session.order.forEach((label, number) => {
        const [before, after] = [leg.smoothed[one.row * numLabels + label], leg.smoothed[other.row * numLabels + label]];
        sum += before + weight * (after - before);
        const above = session.order[number + 1];
        // The uppermost fills what rounding left.
        const edge = above === undefined ? 0 : Math.max(0, rows * (1 - sum / SCALE));
        const whole = Math.ceil(edge);
        const pixel = (kind) => tiles[kind][((Math.floor((y - 1) / zoom) & 7) << 3) | (Math.floor(column / zoom) & 7)];
        while (y > whole) put(pixel(label));
        if (y === whole && whole > edge) put(mixed(pixel(label), pixel(above), whole - edge));
      });
    }
  }
  brush.putImageData(image, 0, 0);
  context.drawImage(canvas, scale.indent, top, width / zoom, height);
}

/** Merge what is chosen into spans of one kind: an emotion, or 100 plus a state. */
function laneRuns(leg, scale, chosen) {
  const runs = [];
  for (const { row, left, right } of chosen) {
    const kind = leg.emotions[row] >= 0 ? leg.emotions[row] : 100 + leg.states[row];
    const last = runs.at(-1);
    if (last && last.kind === kind && left <= last.right + 1e-6) last.right = right;
    else runs.push({ kind, left, right });
  }
  for (const run of runs) {
    run.x = scale.x(run.left);
    run.width = Math.max(1, scale.x(run.right) - run.x);
  }
  return runs;
}

/** Draw the lane of states and emotions, each with its name where it fits, and above it where speech is. */
function drawLane(context, session, runs, top, height, withText = true) {
  for (const { kind, x, width } of runs) {
    const left = Math.round(x);
    const size = Math.max(1, Math.round(x + width) - left);
    if (kind < 100) {
      fillEmotion(context, session, kind, left, top, size, height);
      continue;
    }
    const state = STATES[kind - 100];
    context.fillStyle = { silence: colours.silence, clipped: colours.warning }[state] ?? colours.unsure;
    context.fillRect(left, top, size, height);
    if (state === "noise" || state === "unsure") {
      context.fillStyle = pattern(context, state === "noise" ? "dots" : "diagonal", colours.faint);
      context.fillRect(left, top, size, height);
    }
  }
  if (!withText) return;
  context.fillStyle = colours.accent;
  for (const { kind, x, width } of runs) if (kind < 100 || kind === 104) context.fillRect(x, top - 4, width, 2);
  context.textAlign = "center";
  for (const { kind, x, width } of runs) {
    if (width < 14 || kind === 101) continue;
    const name = kind < 100 ? session.labels[kind] : STATES[kind - 100];
    const short = kind < 100 ? session.letters[kind] : kind === 104 ? "?" : name[0];
    const room = Math.min(x + width, context.canvas.width) - Math.max(x, 0);
    const text = context.measureText(name).width + 8 <= room ? name : short;
    const colour = kind < 100 ? session.colours[kind] : null;
    const half = context.measureText(text).width / 2 + 3;
    if (kind !== session.neutral) {
      context.fillStyle = colour ?? (kind === 103 ? colours.warning : colours.unsure);
      context.fillRect(x + width / 2 - half, top + 2, 2 * half, height - 4);
    }
    context.fillStyle = kind === session.neutral || kind >= 100 ? colours.ink : inkOn(colour);
    context.fillText(text, x + width / 2, top + height / 2 + 0.5);
  }
}

const gapWidths = new Map();

/** Measure what is written into a gap, once for each cause. */
function gapWidth(context, text) {
  if (!gapWidths.has(text)) gapWidths.set(text, context.measureText(text).width);
  return gapWidths.get(text);
}

/** Hatch a span without sound, from top to bottom. */
function drawGaps(context, scale, gaps, top, height) {
  context.textAlign = "center";
  for (const [start, end, cause] of gaps) {
    const x = Math.max(scale.indent, scale.x(start));
    const width = Math.min(scale.indent + scale.pixels, scale.x(end)) - x;
    if (width <= 0 && (end < scale.start || start > scale.end)) continue;
    context.fillStyle = colours.plot;
    context.fillRect(x, top, Math.max(1, width), height);
    context.fillStyle = pattern(context, "diagonal", colours.faint);
    context.fillRect(x, top, Math.max(1, width), height);
    const text = `gap: ${cause}`;
    const half = gapWidth(context, text) / 2 + 4;
    if (2 * half < width) {
      context.fillStyle = colours.plot;
      context.fillRect(x + width / 2 - half, top + height / 2 - 9, 2 * half, 18);
      context.fillStyle = colours.ink;
      context.fillText(text, x + width / 2, top + height / 2);
    }
  }
}

/** Draw ticks with labels, in order of time; a label that has no room between its neighbours is left out. */
function drawTicks(context, scale, ticks, top, bottom, colour) {
  const seen = ticks.filter(([seconds]) => scale.start <= seconds && seconds <= scale.end);
  context.textAlign = "left";
  context.fillStyle = colour;
  let free = scale.indent;
  let drawn = -Infinity;
  seen.forEach(([seconds, text], number) => {
    const x = scale.x(seconds);
    if (x - drawn < 0.5) return;
    drawn = x;
    context.fillRect(x - 0.5, top, 1.5, bottom - top);
    context.beginPath();
    context.moveTo(x - 4, top);
    context.lineTo(x + 5, top);
    context.lineTo(x + 0.5, top + 7);
    context.fill();
    const next = number + 1 < seen.length ? scale.x(seen[number + 1][0]) - 6 : scale.indent + scale.pixels;
    const label = text.length > 32 ? `${text.slice(0, 31)}…` : text;
    const width = next - free > 24 ? context.measureText(label).width : Infinity;
    let end = x + 6;
    if (x + 8 + width <= next) {
      context.fillText(label, x + 8, top + 7);
      end = x + 14 + width;
    } else if (number + 1 === seen.length && x - 8 - width >= free) {
      context.fillText(label, x - 8 - width, top + 7);
    }
    free = Math.max(free, end);
  });
}

function drawSpectrogram(context, session, leg, scale, image, top, height) {
  const perSecond = image.naturalWidth / Math.max(session.seconds, 1e-3);
  const from = clamp(scale.start * perSecond, 0, image.naturalWidth);
  const to = clamp(scale.end * perSecond, 0, image.naturalWidth);
  if (to > from) {
    const x = scale.x(from / perSecond);
    const width = scale.x(to / perSecond) - x;
    context.imageSmoothingEnabled = to - from > width;
    context.drawImage(image, from, 0, to - from, image.naturalHeight, x, top, width, height);
  }
}

function drawLeg(session, leg, figure) {
  const { alerts, plot, lane, gap, spectrogram, foot } = LAYOUT;
  const image = figure.querySelector("img");
  const hasImage = image && image.complete && image.naturalWidth > 0;
  const laneTop = alerts + plot + gap + 2;
  const pictureTop = laneTop + lane + gap;
  const height = laneTop + lane + (hasImage ? gap + spectrogram : 0) + foot;
  const { context, width } = prepared(figure.querySelector("canvas"), height);
  const scale = timeScale(width);
  const right = scale.indent + scale.pixels;

  context.fillStyle = colours.plot;
  context.fillRect(scale.indent, alerts, scale.pixels, plot);
  context.fillRect(scale.indent, laneTop, scale.pixels, lane);
  context.fillStyle = colours.faint;
  context.textAlign = "right";
  for (const share of [0, 0.5, 1]) {
    const y = alerts + plot * (1 - share);
    context.fillText(isNarrow() ? `${100 * share}` : `${100 * share} %`, scale.indent - 6, clamp(y, alerts + 6, alerts + plot - 5));
  }
  context.fillText(isNarrow() ? "" : "state", scale.indent - 6, laneTop + lane / 2);

  context.save();
  context.beginPath();
  context.rect(scale.indent, 0, scale.pixels, height);
  context.clip();
  const chosen = chosenRows(leg, scale);
  drawProbabilities(context, session, leg, scale, chosen, alerts, plot);
  context.fillStyle = colours.line;
  for (const share of [0.25, 0.5, 0.75]) context.fillRect(scale.indent, alerts + plot * share, scale.pixels, 0.5);
  drawLane(context, session, laneRuns(leg, scale, chosen), laneTop, lane);
  if (hasImage) drawSpectrogram(context, session, leg, scale, image, pictureTop, spectrogram);
  drawGaps(context, scale, leg.gaps, alerts, height - alerts - foot);
  if (scale.end > session.seconds) {
    context.fillStyle = colours.panel;
    context.fillRect(scale.x(session.seconds), 0, right, height);
  }
  context.fillStyle = colours.ink;
  const seen = session.marks.filter(([seconds]) => scale.start <= seconds && seconds <= scale.end);
  for (const x of new Set(seen.map(([seconds]) => Math.round(scale.x(seconds))))) {
    for (let y = alerts; y < height - foot; y += 6) context.fillRect(x, y, 1, 3);
  }
  if (selection && selection.number === session.number && session.legs[selection.leg] === leg) {
    context.strokeStyle = colours.ink;
    context.lineWidth = 2;
    const x = scale.x(selection.start);
    context.strokeRect(x, alerts + 1, scale.x(selection.end) - x, laneTop + lane - alerts);
  }
  drawTicks(context, scale, leg.alerts, 1, laneTop + lane, colours.warning);
  context.restore();
  if (hasImage && !isNarrow()) {
    context.fillStyle = colours.faint;
    context.textAlign = "right";
    context.fillText("high", scale.indent - 6, pictureTop + 7);
    context.fillText("low", scale.indent - 6, pictureTop + spectrogram - 7);
  }
}

// ---- drawing: axis, overview, legend ----------------------------------------------------------------------

const STEPS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

function drawAxis(session, canvas) {
  const hasMarks = session.marks.length > 0;
  const hasClock = session.clock !== null;
  const lines = 1 + Number(hasClock);
  const { context, width, height } = prepared(canvas, 16 * lines + 6 + (hasMarks ? 16 : 0));
  const scale = timeScale(width);
  const wanted = (isNarrow() ? 72 : 96) * scale.each;
  const step = STEPS.find((each) => each >= wanted) ?? Math.ceil(wanted / 86400) * 86400;
  const decimals = step < 1 ? 1 : 0;
  context.textAlign = "center";
  for (let at = Math.ceil(scale.start / step) * step; at <= scale.end + 1e-9; at += step) {
    const x = scale.x(at);
    context.fillStyle = colours.line;
    context.fillRect(x, height - 5, 1, 5);
    const half = context.measureText(timeText(at, decimals) + (hasClock ? "  " : "")).width / 2;
    const middle = clamp(x, half + 1, width - half - 1);
    context.fillStyle = colours.ink;
    context.fillText(timeText(at, decimals), middle, 8);
    context.fillStyle = colours.faint;
    if (hasClock) context.fillText(clockText(session, at), middle, 24);
  }
  if (hasMarks) {
    const ticks = session.marks.map(([at, note]) => [at, note || "mark"]);
    drawTicks(context, scale, ticks, 16 * lines + 1, height, colours.ink);
  }
}

/** Draw the lanes of the whole session once for a size and a theme: all windows of a long one take a while. */
function overviewPicture(session, canvas, scale, rowHeight) {
  const key = `${canvas.width} ${canvas.height} ${colours.plot}`;
  if (session.overview?.key === key) return session.overview.picture;
  const picture = document.createElement("canvas");
  picture.width = canvas.width;
  picture.height = canvas.height;
  const context = picture.getContext("2d");
  context.setTransform(canvas.getContext("2d").getTransform());
  session.legs.forEach((leg, number) => {
    const top = 4 + number * rowHeight;
    context.fillStyle = colours.plot;
    context.fillRect(scale.indent, top, scale.pixels * (session.seconds / total), rowHeight - 2);
    drawLane(context, session, laneRuns(leg, scale, chosenRows(leg, scale)), top, rowHeight - 2, false);
  });
  session.overview = { key, picture };
  return picture;
}

/** Draw the whole session, and which part of it is in view. */
function drawOverview(session, canvas) {
  const rowHeight = 12;
  const { context, width, height } = prepared(canvas, session.legs.length * rowHeight + 8);
  const scale = timeScale(width, 0, total);
  context.drawImage(overviewPicture(session, canvas, scale, rowHeight), 0, 0, width, height);
  const x = scale.x(view.start);
  const end = scale.x(view.start + view.span);
  context.fillStyle = colours.panel;
  context.globalAlpha = 0.62;
  context.fillRect(scale.indent, 0, x - scale.indent, height);
  context.fillRect(end, 0, width - end, height);
  context.globalAlpha = 1;
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.5;
  context.strokeRect(x + 0.75, 0.75, Math.max(3, end - x - 1.5), height - 1.5);
}

function drawLegend() {
  for (const canvas of document.querySelectorAll("canvas.swatch")) {
    const session = sessions[Number(canvas.dataset.session)];
    const ratio = pixelRatio();
    canvas.width = 18 * ratio;
    canvas.height = 12 * ratio;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const kind = Number(canvas.dataset.kind);
    const run = { kind, x: 0, width: 18 };
    drawLane(context, session, [run], 0, 12, false);
  }
}

function drawAll() {
  const isWhole = view.span >= total;
  const words = isWhole ? `whole session, ${timeText(total)}` : `${timeText(view.start)} – ${timeText(view.start + view.span)}`;
  for (const session of sessions) {
    const { axis, overview, figures } = session.parts;
    drawAxis(session, axis);
    drawOverview(session, overview);
    session.legs.forEach((leg, number) => figures[number] && drawLeg(session, leg, figures[number]));
  }
  placeLines();
  // Last: what changes the page makes the browser measure it anew.
  for (const { parts } of sessions) if (parts.span.textContent !== words) parts.span.textContent = words;
}

/** Put the cursor and the playing head over the plots. */
function placeLines() {
  for (const session of sessions) {
    const { plots, cursor, head } = session.parts;
    const scale = timeScale(plots.clientWidth);
    const place = (line, seconds) => {
      line.hidden = seconds === null || seconds < scale.start || seconds > scale.end;
      line.style.transform = `translateX(${scale.x(seconds ?? 0)}px)`;
    };
    place(cursor, view.cursor);
    place(head, playing && playing.number === session.number ? playing.seconds() : null);
  }
}

// ---- the readout ------------------------------------------------------------------------------------------

/** Write what the cursor reads into the table, and give it in words. */
function readOut(session) {
  const seconds = view.cursor;
  const { readout } = session.parts;
  const clock = session.clock === null ? "" : ` · ${clockText(session, seconds)}`;
  readout.querySelector(".at").textContent = `${timeText(seconds, 1)}${clock}`;
  const words = [timeText(seconds, 1)];
  session.legs.forEach((leg, number) => {
    const cells = readout.tBodies[0].rows[number].cells;
    const row = rowAt(leg, seconds);
    const gap = spanAt(leg.gaps, seconds);
    const kind = gap ? `gap: ${gap[2]}` : row >= 0 ? kindText(session, leg, row) : leg.analysed ? "–" : "level only";
    cells[1].textContent = kind;
    session.labels.forEach((_, label) => {
      const share = row < 0 || gap ? NONE : leg.smoothed[row * session.labels.length + label];
      cells[2 + label].textContent = share === NONE ? "–" : `${Math.round((100 * share) / SCALE)} %`;
      cells[2 + label].classList.toggle("leads", row >= 0 && leg.emotions[row] === label);
    });
    const level = row < 0 || gap ? NONE : leg.levels[row];
    cells[2 + session.labels.length].textContent = level === NONE ? "–" : `−${Math.round(level / 2)}`;
    words.push(`${leg.name} ${kind}`);
  });
  return words.join(", ");
}

// ---- sound ------------------------------------------------------------------------------------------------

let playing = null;

/** Play a span of a leg, and stop at its end. */
function play(button) {
  const wasPlaying = playing && playing.button === button;
  stop();
  if (wasPlaying) return;
  const { session: number, leg, start, end, piece } = Object.fromEntries(
    Object.entries(button.dataset).map(([key, value]) => [key, Number(value)]),
  );
  const audio = document.getElementById(`audio-${number}-${leg}`);
  // Times of buttons are rounded: they can lie a little outside the piece.
  const [pieceStart, pieceEnd, offset] = sessions[number].legs[leg].pieces[piece];
  const from = offset + Math.max(0, start - pieceStart);
  const until = offset + Math.min(end, pieceEnd) - pieceStart;
  const current = {
    number,
    button,
    audio,
    until,
    seconds: () => pieceStart + clamp(audio.currentTime, from, until) - offset,
  };
  playing = current;
  button.setAttribute("aria-pressed", "true");
  if (!button.classList.contains("here")) show(number, leg, start, end);
  else setCursor(start, { follow: true });
  const begin = () => {
    if (playing !== current) return;
    audio.currentTime = from;
    audio.play().catch(() => playing === current && fail(button));
    requestAnimationFrame(follow);
  };
  if (audio.readyState > 0) begin();
  else {
    audio.onloadedmetadata = begin;
    audio.onerror = () => fail(button);
    audio.load();
  }
}

function follow() {
  if (!playing) return;
  if (playing.audio.currentTime >= playing.until || playing.audio.ended) {
    stop();
    return;
  }
  const seconds = playing.seconds();
  const edge = view.start + view.span;
  // The view turns over like a page; who has moved it elsewhere keeps what is seen there.
  if (view.cursor <= edge && seconds > edge) setView(seconds - 0.05 * view.span, view.span);
  setCursor(seconds);
  requestAnimationFrame(follow);
}

function stop() {
  if (!playing) return;
  playing.audio.pause();
  playing.button.setAttribute("aria-pressed", "false");
  playing = null;
  placeLines();
}

function fail(button) {
  stop();
  button.disabled = true;
  button.title = "This browser cannot play the sound, which is Opus in Ogg: try Firefox or Chromium";
  document.getElementById("spoken").textContent = button.title;
}

/** Let the button of a leg play from the cursor on, where sound was kept. */
function playHere(button) {
  const { session, leg } = button.dataset;
  const pieces = sessions[Number(session)].legs[Number(leg)].pieces;
  const piece = Math.max(0, pieces.findIndex(([, end]) => end > view.kept));
  const [start, end] = pieces[piece];
  button.dataset.piece = String(piece);
  button.dataset.start = String(view.kept < end ? Math.max(view.kept, start) : start);
  button.dataset.end = String(end);
  play(button);
}

// ---- input ------------------------------------------------------------------------------------------------

const KEYS = {
  ArrowLeft: (event) => (event.shiftKey ? setView(view.start - view.span / 4, view.span) : stepCursor(-1)),
  ArrowRight: (event) => (event.shiftKey ? setView(view.start + view.span / 4, view.span) : stepCursor(1)),
  "+": () => zoom(1 / 1.5, anchor()),
  "=": () => zoom(1 / 1.5, anchor()),
  "-": () => zoom(1.5, anchor()),
  0: () => setView(0, total),
  Home: () => setCursor(0, { follow: true, speak: true }),
  End: () => setCursor(total, { follow: true, speak: true }),
};

/** Zoom about the cursor while it can be seen, else about the middle. */
function anchor() {
  const isSeen = view.start <= view.cursor && view.cursor <= view.start + view.span;
  return isSeen ? view.cursor : view.start + view.span / 2;
}

function stepCursor(direction) {
  const pixels = timeScale(sessions[0].parts.plots.clientWidth).each;
  setCursor(view.cursor + direction * Math.max(sessions[0].step, 4 * pixels), { follow: true, speak: true });
}

function listenToPlots(session) {
  const { plots } = session.parts;
  const pointers = new Map();
  let hasMoved = false;
  const secondsOf = (event) => timeScale(plots.clientWidth).seconds(event.clientX - plots.getBoundingClientRect().left);

  plots.addEventListener("keydown", (event) => {
    if (event.target !== plots || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key](event);
  });
  plots.addEventListener(
    "wheel",
    (event) => {
      const pans = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const isWanted = event.ctrlKey || event.metaKey || document.activeElement === plots || pans;
      const delta = (event.shiftKey && !event.deltaX ? event.deltaY : pans ? event.deltaX : event.deltaY) * (event.deltaMode ? 30 : 1);
      const isWhole = view.span >= total;
      if (!isWanted || (isWhole && (pans || (delta > 0 && !event.ctrlKey)))) return;
      event.preventDefault();
      if (pans) setView(view.start + (delta / plots.clientWidth) * view.span, view.span);
      else zoom(Math.exp(clamp(delta, -200, 200) * 0.0025), secondsOf(event));
    },
    { passive: false },
  );
  plots.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("button")) return;
    plots.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
    hasMoved = pointers.size > 1;
  });
  plots.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      // On the way to a button the cursor stays: one of them plays from it.
      const isPlot = !event.target.closest("figcaption");
      if (event.pointerType === "mouse" && !playing) setCursor(isPlot ? secondsOf(event) : view.kept, { points: true });
      return;
    }
    if (!hasMoved && Math.abs(event.clientX - before.clientX) < 4) return;
    hasMoved = true;
    const scale = timeScale(plots.clientWidth);
    if (pointers.size === 1) setView(view.start - (event.clientX - before.clientX) * scale.each, view.span);
    else {
      const other = [...pointers.values()].find((each) => each.pointerId !== event.pointerId);
      const apart = Math.max(8, Math.abs(before.clientX - other.clientX));
      zoom(apart / Math.max(8, Math.abs(event.clientX - other.clientX)), secondsOf(other));
    }
    pointers.set(event.pointerId, event);
  });
  plots.addEventListener("pointerleave", () => playing || setCursor(view.kept));
  for (const name of ["pointerup", "pointercancel"]) {
    plots.addEventListener(name, (event) => {
      if (name === "pointerup" && pointers.has(event.pointerId) && !hasMoved) {
        setCursor(secondsOf(event), { speak: true });
        plots.focus({ preventScroll: true });
      }
      pointers.delete(event.pointerId);
    });
  }
}

function listenToOverview(session) {
  const { overview } = session.parts;
  const move = (event) => {
    const scale = timeScale(overview.clientWidth, 0, total);
    const seconds = scale.seconds(event.clientX - overview.getBoundingClientRect().left);
    setView(seconds - view.span / 2, view.span);
    setCursor(seconds);
  };
  overview.addEventListener("pointerdown", (event) => {
    overview.setPointerCapture(event.pointerId);
    move(event);
  });
  overview.addEventListener("pointermove", (event) => overview.hasPointerCapture(event.pointerId) && move(event));
}

const COMMANDS = {
  in: () => zoom(1 / 1.6, anchor()),
  out: () => zoom(1.6, anchor()),
  whole: () => setView(0, total),
  back: () => setView(view.start - view.span / 2, view.span),
  on: () => setView(view.start + view.span / 2, view.span),
};

function listenToButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.command) COMMANDS[button.dataset.command]();
    else if (button.classList.contains("here")) playHere(button);
    else if (button.classList.contains("play")) play(button);
    else if (button.classList.contains("show")) {
      const { session, leg, start, end, at } = button.dataset;
      const { plots, timeline } = sessions[Number(session)].parts;
      show(Number(session), Number(leg), Number(start), Number(end), Number(at));
      const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
      timeline.scrollIntoView({ behavior: isStill ? "auto" : "smooth", block: "start" });
      plots.focus({ preventScroll: true });
    }
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && stop());
}

// ---- light and dark, print, start -------------------------------------------------------------------------

const dark = matchMedia("(prefers-color-scheme: dark)");
const themeButton = document.getElementById("theme");

function setTheme(name) {
  if (name) document.documentElement.dataset.theme = name;
  const isDark = (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  themeButton.textContent = isDark ? "Light colours" : "Dark colours";
  readColours();
  drawLegend();
  drawAll();
}

function start() {
  document.documentElement.classList.add("alive");
  for (const session of sessions) {
    const find = (selector) => session.element.querySelector(selector);
    session.parts = {
      timeline: find(".timeline"),
      plots: find(".plots"),
      axis: find("canvas.axis"),
      overview: find("canvas.overview"),
      cursor: find(".cursor"),
      head: find(".head"),
      readout: find(".readout"),
      span: find(".span"),
      figures: [...session.element.querySelectorAll("figure.leg")].map((each) => (each.querySelector("canvas") ? each : null)),
    };
    session.tiles = session.labels.map((_, label) => tileOf(session, label, true));
    session.plainTiles = session.labels.map((_, label) => tileOf(session, label, false));
    listenToPlots(session);
    listenToOverview(session);
    for (const image of session.element.querySelectorAll("figure.leg img")) image.addEventListener("load", ask);
  }
  listenToButtons();
  themeButton.hidden = false;
  themeButton.addEventListener("click", () => setTheme(themeButton.textContent.startsWith("Dark") ? "dark" : "light"));
  dark.addEventListener("change", () => setTheme());
  const screenTheme = { name: undefined };
  addEventListener("beforeprint", () => {
    screenTheme.name = document.documentElement.dataset.theme;
    setTheme("light");
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.theme;
    setTheme(screenTheme.name);
  });
  new ResizeObserver(ask).observe(document.body);
  setTheme();
  setCursor(sessions[0].cursor);
}

start();
})();
