/* The script of a user study's page, on a static site and on the server.

   Reads downwards: the study's data, progress and its store, answers handed over, clips, the stage
   that plays them, the views, keys, and the start. Texts of the study reach the page as text alone
   (textContent). There is no build step and no library. */

"use strict";

const data = JSON.parse(document.getElementById("study").textContent);
const isSite = data.way === "site";
const link = new URLSearchParams(location.search);
const identifiers = data.ending.identifiers.map((name) => [name, link.get(name) ?? ""]);

const SETTLING = 350; // ms after a change of view in which a second click or key press is ignored
const DAY = 86_400_000; // ms, the longest time that a vote may have
const PATIENCE = 15_000; // ms to wait for an answer of the server
const SHORTEST_WAIT = 500; // ms before the first retry; doubled at each further one
const LONGEST_WAIT = 30_000;
const LARGEST = 4; // pixels of the screen a pixel of a clip, on a side
const KEPT = 8; // latest frames of a clip that are kept
const FAILURES_TOLD = 3; // failed posts after which a static site offers the file instead

const part = (id) => document.getElementById(id);

function say(key, values = {}) {
  return data.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// ---------------------------------------------------------------------------- progress

/* {format, rater, slot, agreed, begun, started, practised, finished, posted, downloaded, letters,
    votes: {item: Vote}, saved: {item: turn that the server has}, spent: {item: {ms, replays}}} */
let progress;

const store = {
  key: `leo-bench study ${data.study} ${isSite ? visitor() : data.rater}`,
  works: true, // else what it has may be older than `progress`
  read() {
    if (!this.works) return null;
    try {
      const found = JSON.parse(localStorage.getItem(this.key));
      return found?.format === 1 && found.slot in data.slots ? found : null;
    } catch (error) {
      this.works &&= error instanceof SyntaxError;
      return null;
    }
  },
  write(content) {
    try {
      localStorage.setItem(this.key, JSON.stringify(content));
      this.works = true;
    } catch {
      this.works = false;
    }
    showWarning();
  },
};

/* What tells visitors of one browser apart: the slot and the identifiers that their links name. */
function visitor() {
  return sha256(JSON.stringify([link.get("slot"), identifiers])).slice(0, 16);
}

function newProgress() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const token = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const slots = Object.keys(data.slots).map(Number);
  const drawn = crypto.getRandomValues(new Uint32Array(1))[0] % slots.length;
  return {
    format: 1,
    rater: data.rater ?? token,
    slot: isSite && link.has("slot") ? namedSlot(link.get("slot")) : slots[drawn],
    agreed: false,
    begun: false,
    started: false,
    practised: 0,
    finished: false,
    posted: false,
    downloaded: false,
    votes: {},
    saved: {},
    spent: {},
    letters: true,
  };
}

const namedSlot = (text) => (/^\d{1,6}$/.test(text) ? Number(text) : NaN);

/* Take what the server has of this rater; a vote of a later turn that it does not have stays. */
function takeServersAnswers(known) {
  progress.saved = {};
  if (known === null) return;
  for (const vote of known.votes) {
    const own = progress.votes[vote.item];
    if (own === undefined || own.turn <= vote.turn) progress.votes[vote.item] = vote;
    progress.saved[vote.item] = vote.turn;
  }
  const isBegun = known.finished || known.votes.length > 0;
  progress.begun ||= isBegun;
  progress.agreed ||= isBegun;
  progress.started ||= isBegun;
  if (known.votes.length > 0) progress.practised = trained().length;
  progress.finished ||= known.finished;
  if (progress.agreed) store.write(progress);
}

/* Change progress. It is read anew first: another tab may have gone on. */
function update(change) {
  progress = store.read() ?? progress;
  change(progress);
  store.write(progress);
}

const practice = () => data.slots[progress.slot].filter((item) => item.right !== null);
const trained = () => (practice().length > 1 ? practice().slice(1) : practice());
const asked = () => data.slots[progress.slot].filter((item) => item.right === null);
const sequence = () => [...trained(), ...asked()];
const unanswered = () => asked().filter((item) => !(item.item in progress.votes));

function answers() {
  const votes = asked().map((item) => progress.votes[item.item]);
  return {
    format: 1,
    study: data.study,
    rater: progress.rater,
    slot: progress.slot,
    way: data.way,
    finished: progress.finished,
    votes: votes.filter((vote) => vote !== undefined),
  };
}

/* SHA-256 of a text, in hexadecimal (FIPS 180-4). Browsers offer theirs to https pages alone. */
function sha256(text) {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
  const constants = primes.map((p) => fraction(Math.cbrt(p)));
  let state = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
  const bytes = new TextEncoder().encode(text);
  const blocks = new DataView(new ArrayBuffer(((bytes.length + 72) >> 6) << 6));
  bytes.forEach((byte, i) => blocks.setUint8(i, byte));
  blocks.setUint8(bytes.length, 0x80);
  blocks.setUint32(blocks.byteLength - 4, bytes.length * 8);
  const turned = (x, n) => (x >>> n) | (x << (32 - n));
  for (let start = 0; start < blocks.byteLength; start += 64) {
    const w = [];
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      if (i < 16) {
        w[i] = blocks.getInt32(start + 4 * i);
      } else {
        const [x, y] = [w[i - 15], w[i - 2]];
        const s0 = turned(x, 7) ^ turned(x, 18) ^ (x >>> 3);
        const s1 = turned(y, 17) ^ turned(y, 19) ^ (y >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
      const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + constants[i] + w[i]) | 0;
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, h] = [(t1 + t2) | 0, a, b, c, (d + t1) | 0, e, f, g];
    }
    state = [a, b, c, d, e, f, g, h].map((x, i) => (x + state[i]) | 0);
  }
  return state.map((x) => (x >>> 0).toString(16).padStart(8, "0")).join("");
}

// ---------------------------------------------------------------- answers handed over

/* What is not at the server yet, and what is not posted yet: sent one by one, again and again. */
const outbox = { busy: false, failures: 0, timer: 0, wantsFinish: false };

function pending() {
  if (isSite) {
    const isDue = progress.finished && data.ending.post !== "" && !progress.posted;
    return isDue ? [{ address: data.ending.post, body: answers(), done: (p) => (p.posted = true) }] : [];
  }
  if (progress.finished) return [];
  const here = location.pathname.replace(/\/+$/, "");
  const jobs = [];
  if (progress.agreed && !progress.begun) {
    jobs.push({ address: `${here}/begin`, body: {}, done: (p) => (p.begun = true) });
  }
  const unsaved = Object.values(progress.votes).filter((v) => progress.saved[v.item] !== v.turn);
  for (const vote of unsaved.sort((one, other) => one.turn - other.turn)) {
    const done = (p) => (p.saved[vote.item] = vote.turn);
    jobs.push({ address: `${here}/votes`, body: vote, done, vote });
  }
  if (outbox.wantsFinish) {
    jobs.push({ address: `${here}/finish`, body: {}, done: (p) => (p.finished = true), isFinish: true });
  }
  return jobs;
}

async function deliver() {
  if (outbox.busy) return;
  outbox.busy = true;
  clearTimeout(outbox.timer);
  let isFailed = false;
  for (let jobs = pending(); jobs.length > 0 && !isFailed; jobs = pending()) {
    const answer = await posted(jobs[0]);
    if (answer === null || !(await answered(jobs[0], answer))) isFailed = true;
    else outbox.failures = 0;
    showSaved();
  }
  outbox.busy = false;
  if (isFailed && view.name !== "problem") {
    const wait = Math.min(SHORTEST_WAIT * 2 ** outbox.failures, LONGEST_WAIT);
    outbox.failures += 1;
    outbox.timer = setTimeout(deliver, wait);
  }
  showSaved();
}

/* The answer to a post; null if there is none. */
async function posted(job) {
  try {
    return await fetch(job.address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(job.body),
      keepalive: !isSite, // which browsers grant to small bodies alone
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    return null;
  }
}

/* Act on an answer; whether the job is done with. */
async function answered(job, answer) {
  if (answer.ok) {
    if (job.isFinish) {
      const ending = await answer.json().catch(() => null);
      if (ending === null) return false; // cut off: asked again
      Object.assign(data.ending, ending);
    }
    update(job.done);
    if (progress.finished && !isSite) go({ name: "end" }, "replaceState");
  } else if (isSite) {
    return false;
  } else if ([404, 410].includes(answer.status)) {
    problem(say("problem_token"));
    return false;
  } else if (answer.status === 409 && job.isFinish) {
    update((p) => (p.saved = {})); // the server lacks votes: all are sent again
    return false;
  } else if (answer.status === 409) {
    const known = (await answer.json().catch(() => null))?.answers;
    if (known === undefined) return false; // cut off: asked again
    progress = store.read() ?? progress;
    takeServersAnswers(known);
    if (progress.finished) {
      location.reload(); // finished in another window: the page has the ending now
    } else {
      warnings.add("other_window");
      go(resumed(), "pushState");
    }
  } else if (answer.status === 422 && job.vote !== undefined) {
    update((p) => delete p.votes[job.vote.item]);
    warnings.add("problem_refused");
    outbox.wantsFinish = false;
    go(resumed(), "pushState");
  } else {
    return false;
  }
  return true;
}

function showSaved() {
  const isOpen = pending().length > 0;
  const state = !isOpen ? "saved" : outbox.failures > 0 ? "not_saved" : "saving";
  if (!isSite) {
    part("saved").textContent = progress.agreed ? say(state) : "";
    part("saved").dataset.state = state;
  }
  part("finish-state").textContent = outbox.wantsFinish && isOpen ? say("finish_waiting") : "";
  if (view.name === "end") showHandedOver();
}

// ----------------------------------------------------------------------------- clips

/* Clips as addresses of content in memory, so that playing them never waits for the network. */
const clips = {
  kept: new Map(),
  get(address) {
    if (!this.kept.has(address)) {
      const made = this.load(address);
      made.catch(() => this.kept.delete(address));
      this.kept.set(address, made);
    }
    return this.kept.get(address);
  },
  async load(address) {
    if (location.protocol === "file:") return address; // which no page may fetch
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    return URL.createObjectURL(new Blob([await answer.blob()], { type: "video/mp4" }));
  },
  async forget(address) {
    const made = this.kept.get(address);
    this.kept.delete(address);
    const url = await made?.catch(() => "");
    if (url?.startsWith("blob:")) URL.revokeObjectURL(url);
  },
  keepOnly(addresses) {
    for (const address of this.kept.keys()) if (!addresses.includes(address)) this.forget(address);
  },
};

/* Plays one clip once, or two clips in step, again and again.

   Both start together, and the next round begins when both have come to their end. A browser plays
   two videos on two clocks, and skips frames where it is busy. So each frame of a pair is kept when
   it is due, and both are drawn together when the same one of both is there (one apart if a frame
   was skipped). A clip that is two frames ahead waits for the other. */
class Stage {
  constructor(place, button) {
    this.place = place;
    this.button = button;
    this.turn = 0; // counts commands: what is still under way for an older one stops
    button.addEventListener("click", () => (this.isPlaying ? this.pause() : this.resume()));
    this.clear();
  }

  clear() {
    this.turn += 1;
    for (const video of this.videos ?? []) {
      video.removeAttribute("src");
      video.load(); // lets go of the clip now; browsers allow some 40 videos on a page
    }
    const pictures = (this.kept ?? []).flat().map(({ picture }) => picture);
    for (const canvas of [...pictures, ...(this.screens ?? [])]) canvas.width = 0; // frees pixels
    this.videos = [];
    this.kept = []; // of each clip, its latest frames
    this.screens = []; // on which they are drawn
    this.waiting = -1; // which clip waits for the other
    this.place.replaceChildren();
    this.rounds = 0; // how often all clips came to their end
    const nothing = () => {};
    Object.assign(this, { onLoad: nothing, onStart: nothing, onRound: nothing });
    Object.assign(this, { onAgain: nothing, onBlocked: nothing, onFailed: nothing });
    this.button.disabled = true;
    this.setPlaying(false);
  }

  setPlaying(isPlaying) {
    this.isPlaying = isPlaying;
    this.button.textContent = say(isPlaying ? "pause" : "play");
  }

  /* Load clips; whether they are there, and can be played to the end. */
  async show(addresses) {
    const mine = this.turn;
    const labels = addresses.length === 2 ? ["clip_left", "clip_right"] : ["clip_single"];
    this.videos = addresses.map((_, side) => {
      const video = document.createElement("video");
      Object.assign(video, { muted: true, playsInline: true, preload: "auto" });
      video.disablePictureInPicture = true;
      video.setAttribute("aria-label", say(labels[side]));
      const figure = document.createElement("figure");
      const caption = document.createElement("figcaption");
      caption.textContent = say(labels[side]);
      caption.hidden = labels.length === 1;
      const screen = document.createElement("div");
      screen.append(video);
      figure.append(caption, screen);
      this.place.append(figure);
      return video;
    });
    this.due = addresses.map(() => 0); // number of the frame that each one has come to
    const fail = () => {
      addresses.forEach((address) => clips.forget(address));
      this.onFailed();
    };
    try {
      const urls = await Promise.all(addresses.map((address) => clips.get(address)));
      if (mine !== this.turn) return false;
      await Promise.all(this.videos.map((video, side) => playable(video, urls[side])));
      if (mine !== this.turn) return false;
    } catch {
      if (mine === this.turn) fail();
      return false;
    }
    this.videos.forEach((video, side) => {
      video.addEventListener("ended", () => this.ended());
      video.addEventListener("error", () => this.videos.includes(video) && fail());
      this.follow(video, side);
    });
    this.button.disabled = false;
    return true;
  }

  /* Keep each frame that becomes due; draw those of a pair together. */
  follow(video, side) {
    if (this.videos.length < 2 || !video.requestVideoFrameCallback) return;
    this.kept[side] = Array.from({ length: KEPT }, () => ({ frame: -1, picture: blank() }));
    this.screens[side] = blank();
    this.screens[side].setAttribute("aria-hidden", "true");
    video.after(this.screens[side]);
    const note = (_, { mediaTime }) => {
      if (this.videos[side] !== video) return;
      video.requestVideoFrameCallback(note);
      if (mediaTime > video.currentTime + 1.5 / data.fps) return; // of the round before
      this.due[side] = Math.round(mediaTime * data.fps);
      this.keep(side);
      this.draw();
      this.keepInStep();
    };
    video.requestVideoFrameCallback(note);
    this.keep(side);
  }

  /* Keep the frame that a video shows, which may be a later one than it announced. */
  keep(side) {
    const video = this.videos[side];
    const place = this.kept[side].shift();
    const shown = exactFrame(video);
    place.frame = shown === null ? this.due[side] : Math.round((shown.timestamp * data.fps) / 1e6);
    copy(shown ?? video, place.picture);
    shown?.close();
    this.kept[side].push(place);
  }

  /* Draw the latest frames of both that belong together. */
  draw() {
    let best = null;
    for (const left of this.kept[0] ?? []) {
      for (const right of this.kept[1] ?? []) {
        const apart = Math.abs(left.frame - right.frame);
        const at = Math.min(left.frame, right.frame);
        const isBetter = best === null || at > best.at || (at === best.at && apart < best.apart);
        if (at >= 0 && apart <= 1 && isBetter) best = { at, apart, pictures: [left.picture, right.picture] };
      }
    }
    best?.pictures.forEach((picture, side) => copy(picture, this.screens[side]));
  }

  /* A clip that is two frames ahead waits until the other has come to its frame. */
  keepInStep() {
    if (!this.isPlaying || this.videos.length < 2) return;
    const ahead = this.frame(0) - this.frame(1);
    const leader = ahead > 0 ? 0 : 1;
    if (this.waiting >= 0 && (ahead === 0 || leader !== this.waiting)) {
      this.videos[this.waiting].play().catch(() => {});
      this.waiting = -1;
    } else if (this.waiting < 0 && Math.abs(ahead) > 1 && !this.videos[leader].ended) {
      this.videos[leader].pause();
      this.waiting = leader;
    }
  }

  frame(side) {
    const video = this.videos[side];
    if (video.ended) return data.frames - 1;
    if (this.screens[side] !== undefined) return this.due[side];
    return Math.floor(video.currentTime * data.fps + 1e-3);
  }

  /* Play from the first frame. */
  restart() {
    return this.playFrom(0);
  }

  /* Play from the first frame because the rater asks for it. */
  again() {
    this.onAgain();
    return this.restart();
  }

  /* Go on after a pause. */
  resume() {
    return this.videos.every((video) => video.ended) ? this.again() : this.playFrom(this.first());
  }

  pause() {
    this.turn += 1;
    this.waiting = -1;
    this.setPlaying(false);
    for (const video of this.videos) video.pause();
    return this.seek(this.first());
  }

  /* The number of the frame that all clips have come to. */
  first() {
    return Math.min(...this.videos.map((_, side) => this.frame(side)));
  }

  async playFrom(frame) {
    const mine = ++this.turn;
    this.waiting = -1;
    this.setPlaying(true);
    for (const video of this.videos) video.pause();
    await this.seek(frame);
    if (mine !== this.turn) return;
    try {
      await Promise.all(this.videos.map((video) => video.play()));
    } catch (error) {
      if (mine !== this.turn || error.name === "AbortError") return;
      this.setPlaying(false);
      this.onBlocked();
      return;
    }
    if (mine === this.turn) this.onStart();
  }

  async seek(frame) {
    const mine = this.turn;
    const time = frame === 0 ? 0 : (frame + 0.5) / data.fps;
    const moved = this.videos.filter((video) => video.currentTime !== time);
    const arrived = moved.map((video) => once(video, "seeked"));
    for (const place of this.kept.flat()) place.frame = -1;
    for (const video of moved) video.currentTime = time;
    await Promise.all(arrived);
    if (mine !== this.turn) return;
    this.due = this.videos.map(() => frame);
    this.kept.forEach((_, side) => this.keep(side));
    this.draw();
  }

  ended() {
    this.keepInStep();
    if (!this.videos.every((video) => video.ended)) return;
    this.rounds += 1;
    if (this.videos.length === 2) {
      this.restart();
    } else {
      this.turn += 1; // a single clip is not played again: that would be a repeated motion
      this.setPlaying(false);
    }
    this.onRound();
  }
}

function blank() {
  return Object.assign(document.createElement("canvas"), { width: data.width, height: data.height });
}

function copy(picture, canvas) {
  canvas.getContext("2d").drawImage(picture, 0, 0, data.width, data.height);
}

/* The frame that a video shows, with its time; null where a browser does not tell: on pages that
   are neither https nor on this machine. */
function exactFrame(video) {
  try {
    return new VideoFrame(video);
  } catch {
    return null;
  }
}

const once = (target, event) =>
  new Promise((done) => target.addEventListener(event, done, { once: true }));

/* Give a video its content; resolves when it can be played to the end. */
function playable(video, url) {
  return new Promise((done, failed) => {
    video.addEventListener("canplaythrough", done, { once: true });
    video.addEventListener("error", failed, { once: true });
    // A device that saves energy stops loading until the video is played.
    video.addEventListener("suspend", () => video.readyState > 0 && done());
    video.src = url;
    video.load();
  });
}

// ----------------------------------------------------------------------------- views

const stage = new Stage(part("stage"), part("pause"));
const exampleStage = new Stage(part("example-stage"), part("example-pause"));
const isStill = matchMedia("(prefers-reduced-motion: reduce)");
const warnings = new Set();
let view = { name: "" };
let shownAt = 0;
let visit = null; // of an item: what the rater did since it was shown

/* Where a rater comes in: the first thing that is not done yet. */
function resumed() {
  if (progress.finished) return { name: "end" };
  if (!progress.agreed) return { name: "consent" };
  if (!progress.started) return { name: "instructions" };
  if (progress.practised < trained().length) return { name: "item", at: progress.practised };
  const next = unanswered()[0];
  return next === undefined ? { name: "finish" } : { name: "item", at: sequence().indexOf(next) };
}

/* The view itself if the rater may see it by now; else where the rater is. */
function allowed(target) {
  const here = resumed();
  if (["consent", "end"].includes(here.name) || target === null) return here;
  if (target.name === "item") {
    const last = here.name === "item" ? here.at : sequence().length - 1;
    return progress.started && target.at <= last ? target : here;
  }
  return target.name === "instructions" ? target : here;
}

/* Show a view; `how` names the method of `history` that keeps it for the browser's back button. */
function go(target, how = "pushState") {
  leave();
  view = target;
  shownAt = performance.now();
  history[how](target, "");
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = section.id !== target.name;
  }
  VIEWS[target.name](target);
  showBar();
  showSaved();
  showWarning();
  scrollTo(0, 0);
  document.querySelector(`#${target.name} h1`).focus({ preventScroll: true });
}

/* Whether a press belongs to this view: the second of a double click does not. */
const isSettled = () => performance.now() - shownAt > SETTLING;

function leave() {
  bank();
  visit = null;
  stage.clear();
  exampleStage.clear();
  outbox.wantsFinish = false;
}

const VIEWS = {
  consent() {
    part("amount").textContent = say("amount", { count: asked().length });
  },
  instructions() {
    const example = practice()[0];
    part("example").hidden = example === undefined;
    if (example === undefined) return;
    part("example-answer").textContent = say("example_answer", { answer: say(example.right) });
    playClips(exampleStage, example.clips, () => {});
    preload([sequence()[0], example]);
  },
  item({ at }) {
    const item = sequence()[at];
    const vote = progress.votes[item.item];
    const choice = vote?.choice ?? null;
    visit = { item, at, choice, changes: 0, ms: 0, since: null, replays: 0 };
    Object.assign(visit, { isLoaded: false, isBlocked: false, isSeen: choice !== null });
    const isPractice = item.right !== null;
    const kind = isPractice ? "practice" : data.kind === "pairs" ? "pair" : "single";
    part("place").textContent = say(`${kind}_place`, {
      number: isPractice ? at + 1 : asked().indexOf(item) + 1,
      total: isPractice ? trained().length : asked().length,
    });
    part("feedback").textContent = "";
    part("choices").disabled = !visit.isSeen;
    showChoice();
    showItem();
  },
  finish() {
    part("hand-over").disabled = false;
  },
  end() {
    showHandedOver();
    deliver();
  },
  problem() {},
};

async function showItem() {
  const mine = visit;
  part("failed").hidden = true;
  part("replay").disabled = true;
  showHint();
  const isThere = await playClips(stage, mine.item.clips, () => {
    part("hint").textContent = "";
    part("failed").hidden = false;
  });
  if (!isThere || visit !== mine) return;
  part("replay").disabled = false;
  const items = sequence();
  preload([items[mine.at], items[mine.at + 1], items[mine.at - 1]]);
}

/* Show clips on a stage and play them, unless the rater wants no motion that nobody asked for. */
async function playClips(where, addresses, onFailed) {
  where.clear();
  where.onFailed = onFailed;
  if (where === stage) Object.assign(where, { onLoad, onStart, onRound, onAgain, onBlocked });
  const isThere = await where.show(addresses);
  if (isThere) where.onLoad();
  if (isThere && isStill.matches) where.onBlocked();
  else if (isThere && !document.hidden) await where.restart();
  else if (isThere) where.isDue = true;
  return isThere;
}

/* Load the clips of items that come soon, and let go of all others. */
function preload(items) {
  const addresses = items.flatMap((item) => item?.clips ?? []);
  clips.keepOnly(addresses);
  for (const address of addresses) clips.get(address).catch(() => {}); // tried again when shown
}

function onLoad() {
  visit.isLoaded = true;
  showHint();
}

/* The clips of the item play: the time of this visit begins. */
function onStart() {
  visit.since ??= performance.now();
  visit.isBlocked = false;
  showHint();
}

/* The clips of the item have come to their end: the rater may answer. */
function onRound() {
  visit.isSeen = true;
  part("choices").disabled = false;
  showHint();
}

function onAgain() {
  visit.replays += 1;
}

/* The clips wait for a press: the browser, or the rater's settings, do not let them start. */
function onBlocked() {
  visit.isBlocked = true;
  showHint();
}

function showHint() {
  const { isLoaded, isBlocked, isSeen, choice } = visit;
  let key = "";
  if (!isLoaded) key = "loading";
  else if (isBlocked) key = "press_play";
  else if (!isSeen) key = "watch_first";
  else if (choice === null) key = "answer_now";
  part("hint").textContent = key === "" ? "" : say(key);
}

/* Put the time and the replays of this visit to those of the item. */
function bank() {
  if (visit === null) return;
  const now = performance.now();
  const ms = visit.since === null ? 0 : now - visit.since;
  if (visit.since !== null) visit.since = now;
  const { item, replays } = visit;
  visit.replays = 0;
  if (ms === 0 && replays === 0) return;
  update(({ spent }) => {
    const sum = spent[item.item] ?? { ms: 0, replays: 0 };
    spent[item.item] = { ms: sum.ms + ms, replays: sum.replays + replays };
  });
}

function choose(choice) {
  if (view.name !== "item" || part("choices").disabled || visit.choice === choice) return;
  if (visit.choice !== null) visit.changes += 1;
  visit.choice = choice;
  bank();
  visit.ms = progress.spent[visit.item.item]?.ms ?? 0;
  showHint();
  showChoice();
  const { right } = visit.item;
  if (right !== null) {
    const isRight = right === choice;
    const told = isRight ? "practice_right" : "practice_wrong";
    part("feedback").textContent = say(told, { answer: say(right) });
    part("feedback").dataset.state = isRight ? "good" : "bad";
  }
}

function showChoice() {
  for (const input of part("choices").querySelectorAll("input")) {
    input.checked = input.value === visit.choice;
  }
  part("next").disabled = visit.choice === null;
}

/* The answer stands; on to the next item. */
function goOn() {
  if (view.name !== "item" || !isSettled() || visit.choice === null) return;
  const { item, at } = visit;
  warnings.clear(); // they are of an earlier answer
  bank();
  if (item.right !== null) update((p) => (p.practised = Math.max(p.practised, at + 1)));
  else vote();
  go(at + 1 < sequence().length ? { name: "item", at: at + 1 } : resumed());
  deliver();
}

function vote() {
  const { item, choice, ms, changes } = visit;
  update(({ votes, spent }) => {
    const before = votes[item.item];
    const isOther = before !== undefined && before.choice !== choice;
    if (before !== undefined && changes === 0 && !isOther) return;
    votes[item.item] = {
      item: item.item,
      choice,
      ms: Math.min(Math.round(ms), DAY),
      replays: Math.min(spent[item.item]?.replays ?? 0, 10_000),
      changes: Math.min((before?.changes ?? 0) + Math.max(changes, isOther ? 1 : 0), 10_000),
      turn: 1 + Math.max(-1, ...Object.values(votes).map((other) => other.turn)),
    };
  });
}

function goBack() {
  if (!isSettled()) return;
  if (view.name === "finish") go({ name: "item", at: sequence().length - 1 });
  else if (view.name === "item") {
    go(visit.at === 0 ? { name: "instructions" } : { name: "item", at: visit.at - 1 });
  }
}

function replay() {
  if (view.name !== "item" || part("replay").disabled) return;
  stage.again();
}

function finish() {
  if (view.name !== "finish" || !isSettled()) return;
  part("hand-over").disabled = true;
  if (isSite) {
    update((p) => (p.finished = true));
    go({ name: "end" });
  } else {
    outbox.wantsFinish = true;
    deliver();
  }
}

function problem(text) {
  go({ name: "problem" }, "replaceState");
  part("problem-text").textContent = text;
}

function showBar() {
  const isShown = ["item", "finish"].includes(view.name);
  part("bar").hidden = !isShown;
  if (!isShown) return;
  part("bar").max = asked().length;
  part("bar").value = asked().length - unanswered().length;
}

function showWarning() {
  const keys = [...warnings];
  if (!store.works) keys.push(isSite ? "no_storage_site" : "no_storage_server");
  const text = keys.map((key) => say(key)).join(" ");
  if (part("warning").textContent !== text) part("warning").textContent = text;
  part("warning").hidden = text === "";
}

// ------------------------------------------------------------------------- the last page

let file = ""; // address of the answers as a file

function showHandedOver() {
  const { post, code, completion } = data.ending;
  const isPosting = isSite && post !== "" && !progress.posted;
  const isStuck = isPosting && outbox.failures >= FAILURES_TOLD;
  const state = progress.posted ? "posted" : outbox.failures > 0 ? "post_failed" : "posting";
  part("post-state").textContent = isSite && post !== "" ? say(state) : "";
  part("file").hidden = !isSite || (isPosting && !isStuck);
  const told = progress.posted ? "file_text_posted" : isStuck ? "file_text_failed" : "file_text";
  part("file-text").textContent = say(told, { contact: data.contact || say("contact_unknown") });
  if (isSite && file === "") {
    const content = `${JSON.stringify(answers(), null, 1)}\n`;
    file = URL.createObjectURL(new Blob([content], { type: "application/json" }));
    part("download").href = file;
    part("download").download = `answers-${data.study}-${progress.rater.slice(0, 8)}.json`;
  }
  // Whoever has handed nothing over yet is led nowhere: the answers are in this browser alone.
  const isHeld = isSite && !progress.posted && !progress.downloaded;
  part("download").classList.toggle("main", isHeld);
  const shown = code || sha256(`${data.study} ${progress.rater}`).slice(0, 10);
  const address = completed(completion, shown);
  part("code").textContent = shown;
  const hasCode = code !== "" || address !== "";
  part("held").hidden = !(isHeld && hasCode) || part("file").hidden;
  part("code-part").hidden = isHeld || !hasCode;
  part("completion").hidden = isHeld || address === "";
  if (address !== "") part("completion").href = address;
  part("close").hidden = address !== "" || isHeld;
}

/* The completion address with its placeholders filled; "" if there is none. */
function completed(completion, code) {
  const values = new Map([...identifiers, ["CODE", code]]);
  const filled = completion.replace(/\{([^{}]*)\}/g, (_, name) =>
    encodeURIComponent(values.get(name) ?? ""),
  );
  return /^https?:\/\//.test(filled) ? filled : "";
}

// ------------------------------------------------------------------------------ keys

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const { key, target } = event;
  if (event.repeat) {
    if (key === "Enter") event.preventDefault();
    return;
  }
  const isControl = target.closest("button, a, summary, input[type=checkbox]") !== null;
  if (key === "Enter" && !isControl) {
    event.preventDefault();
    if (view.name === "item") goOn();
    else if (view.name === "instructions") start();
    return;
  }
  if (view.name !== "item" && view.name !== "finish") return;
  const act = keyed(key);
  if (act === undefined) return;
  event.preventDefault();
  act();
}

/* What a key does. Letters and numbers can be switched off. */
function keyed(key) {
  const [first, second] = data.kind === "pairs" ? ["left", "right"] : ["yes", "no"];
  const always = {
    ArrowLeft: () => choose(first),
    ArrowRight: () => choose(second),
    Backspace: goBack,
  };
  const letters = {
    1: () => choose(first),
    2: () => choose(second),
    [say("key_replay")]: replay,
    [say("key_pause")]: () => part("pause").click(),
    [say("key_back")]: goBack,
  };
  if (data.kind === "single") {
    letters[say("key_yes")] = () => choose("yes");
    letters[say("key_no")] = () => choose("no");
  }
  return always[key] ?? (progress.letters ? letters[key.toLowerCase()] : undefined);
}

// ----------------------------------------------------------------------------- start

function agree() {
  if (!isSettled()) return;
  update((p) => (p.agreed = true));
  go(resumed());
  deliver();
}

function start() {
  if (!isSettled()) return;
  update((p) => (p.started = true));
  go(resumed());
}

/* Another tab changed progress, or the page is shown again. */
function refresh() {
  progress = store.read() ?? progress;
  const vote = visit === null ? undefined : progress.votes[visit.item.item];
  if (progress.finished !== (view.name === "end")) go(resumed(), "replaceState");
  else if (vote !== undefined && visit.changes === 0) {
    visit.choice = vote.choice;
    showChoice();
  }
  showBar();
  showSaved();
}

function hiddenOrShown() {
  const open = [stage, exampleStage].filter((one) => one.videos.length > 0);
  if (document.hidden) {
    bank();
    if (visit !== null) visit.since = null;
    for (const one of open) {
      one.isDue = one.isPlaying;
      if (one.isPlaying) one.pause();
    }
  } else {
    refresh();
    for (const one of open) {
      if (one.isDue) one.resume();
      one.isDue = false;
    }
    if (visit?.isSeen) visit.since ??= performance.now();
  }
}

part("agree").addEventListener("click", agree);
part("start").addEventListener("click", start);
part("back").addEventListener("click", goBack);
part("finish-back").addEventListener("click", goBack);
part("replay").addEventListener("click", replay);
part("again").addEventListener("click", showItem);
part("hand-over").addEventListener("click", finish);
part("completion").addEventListener("click", (event) => {
  if (!isSettled()) event.preventDefault(); // the second press on "finish"
});
part("download").addEventListener("click", () => {
  update((p) => (p.downloaded = true));
  setTimeout(showHandedOver);
});
part("choices").addEventListener("change", (event) => choose(event.target.value));
part("form").addEventListener("submit", (event) => {
  event.preventDefault();
  goOn();
});
for (const box of document.querySelectorAll(".letters")) {
  box.addEventListener("change", () => {
    update((p) => (p.letters = box.checked));
    for (const other of document.querySelectorAll(".letters")) other.checked = box.checked;
  });
}
document.addEventListener("keydown", pressed);
document.addEventListener("visibilitychange", hiddenOrShown);
addEventListener("pagehide", bank);
addEventListener("pageshow", (event) => event.persisted && refresh());
addEventListener("storage", (event) => event.key === store.key && refresh());
addEventListener("popstate", (event) => go(allowed(event.state), "replaceState"));
addEventListener("online", () => {
  deliver();
  if (view.name === "item" && !part("failed").hidden) showItem();
});
addEventListener("beforeunload", (event) => {
  const isOver = isSite ? progress.posted || progress.downloaded : pending().length === 0;
  if (!store.works && progress.agreed && !isOver) event.preventDefault();
});

history.scrollRestoration = "manual";
document.documentElement.style.setProperty("--shape", data.width / data.height);
document.documentElement.style.setProperty("--widest", `${LARGEST * data.width}px`);
progress = store.read() ?? newProgress();
if (progress.slot in data.slots) {
  if (!isSite) takeServersAnswers(data.answers);
  for (const box of document.querySelectorAll(".letters")) box.checked = progress.letters;
  go(resumed(), "replaceState");
  deliver();
} else {
  problem(say("problem_slot"));
}
