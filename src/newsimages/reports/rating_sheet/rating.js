// The page: a pair at a time, its verdict and scores, keys, and the CSV.

const get = (id) => document.getElementById(id);
const pictures = JSON.parse(get('pictures').textContent);
const nPairs = values.pairs.length;
const SIDES = ['left', 'right'];
const KEYS = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'equal', ArrowDown: 'neither' };

/** What was there before each change, for undo: [pair, its record or undefined]. */
const before = [];
let scoredLast = null; // the side that the last key has scored
let isUnsaved = false; // something is rated since the last download
let isSure = false; // whether the button to start anew was pressed just now

/** Text with control characters as visible symbols. */
function visible(text) {
  return text
    .replace(/[\t\n\r\u0085\u2028\u2029]+/g, ' ')
    .replace(/[\u0000-\u001f]/g, (sign) => String.fromCharCode(0x2400 + sign.charCodeAt(0)))
    .replace(/[\u007f-\u009f]/g, '\ufffd');
}

const recordAt = (pair) => state.records[pair] ?? { preference: null, left: null, right: null, at: '' };
const isRated = (record) => Boolean(record && (record.preference || (record.left && record.right)));
const nRated = () => Object.values(state.records).filter(isRated).length;
const say = (words) => { get('said').textContent = words; };

/** The next pair that is not rated, from a pair on and round again; the end where there is none. */
function nextOpen(at) {
  const from = at > nPairs ? 1 : at;
  for (let step = 0; step < nPairs; step += 1) {
    const pair = ((from - 1 + step) % nPairs) + 1;
    if (!isRated(state.records[pair])) return pair;
  }
  return nPairs + 1;
}

function words(element, text, language) {
  element.textContent = visible(text);
  element.dir = 'auto';
  if (/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language)) element.lang = language;
  else element.removeAttribute('lang');
}

/** The side that a digit scores: the first without a score, else the one that was not the last. */
function scoredNext() {
  const record = recordAt(state.pair);
  return SIDES.find((side) => !record[side]) ?? SIDES.find((side) => side !== scoredLast) ?? 'left';
}

function draw() {
  isSure = false;
  const isEnd = state.pair > nPairs;
  get('pair').hidden = isEnd;
  get('end').hidden = !isEnd;
  get('progress').value = nRated();
  get('progress').max = nPairs;
  get('count').textContent = `${nRated()} of ${nPairs} rated`;
  get('back').disabled = state.pair <= 1;
  get('forward').disabled = isEnd;
  get('undo').disabled = !before.length;
  get('kept').textContent = isKept
    ? 'What you rate is kept in this browser.'
    : 'This browser keeps nothing of this page: download the CSV before you close it.';
  get('kept').classList.toggle('warning', !isKept);
  get('text').value = asTable(values.id, state.rater, state.records);
  if (isEnd) drawEnd();
  else drawPair();
}

function drawEnd() {
  const isAll = nRated() === nPairs;
  get('end-title').textContent = isAll ? 'All pairs are rated.' : `${nRated()} of ${nPairs} pairs are rated.`;
  get('end-words').textContent = `Download the CSV and send it to whoever gave you this sheet${state.rater ? '' : '; enter your name first'}.`;
  get('anew').addEventListener('click', startAnew);
  get('to-open').hidden = isAll;
}

function drawPair() {
  const [title, english, language, ...images] = values.pairs[state.pair - 1];
  const record = recordAt(state.pair);
  get('number').textContent = `Pair ${state.pair} of ${nPairs}`;
  words(get('title'), english || title, english ? 'en' : language);
  words(get('original'), english ? title : '', language);
  const marked = scoredNext();
  SIDES.forEach((side, place) => {
    const source = `data:image/webp;base64,${pictures[images[place]]}`;
    const image = get(side).querySelector('img');
    if (image.src !== source) image.src = source;
    get(side).classList.toggle('chosen', record.preference === side);
    get(side).classList.toggle('marked', side === marked);
    get(side).querySelectorAll('button').forEach((button, score) => button.setAttribute('aria-pressed', record[side] === score + 1));
  });
  for (const button of get('verdict').children) button.setAttribute('aria-pressed', button.dataset.preference === record.preference);
}

function goTo(pair) {
  state.pair = Math.min(Math.max(pair, 1), nPairs + 1);
  scoredLast = null;
  keep();
  draw();
}

/** Changes what is said of the shown pair. */
function change(changes) {
  const { pair } = state;
  before.push([pair, state.records[pair]]);
  state.records[pair] = { ...recordAt(pair), ...changes, at: new Date().toISOString() };
  isUnsaved = true;
  say('');
  keep();
}

function prefer(preference) {
  if (state.pair > nPairs) return;
  change({ preference });
  goTo(nextOpen(state.pair + 1));
}

function score(side, points) {
  if (state.pair > nPairs) return;
  change({ [side]: points });
  scoredLast = side;
  draw();
}

function undo() {
  const last = before.pop();
  if (!last) return;
  const [pair, record] = last;
  if (record) state.records[pair] = record;
  else delete state.records[pair];
  isUnsaved = true;
  goTo(pair);
  say(`Taken back: pair ${pair}.`);
}

function download() {
  if (!state.rater) {
    say('Enter your name first, so that your ratings are known from those of others.');
    get('rater').focus();
    return;
  }
  const link = document.createElement('a');
  const file = new Blob([asTable(values.id, state.rater, state.records)], { type: 'text/csv' });
  link.href = URL.createObjectURL(file);
  link.download = `rating-${values.id}-${state.rater.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  isUnsaved = false;
  say(`${nRated()} of ${nPairs} pairs are in ${link.download}.`);
}

async function load(file) {
  try {
    if (file.size > 20_000_000) throw new Error('it is larger than 20 MB');
    const { rater, records } = fromTable(await file.text(), values.id, nPairs);
    const isNewer = ([pair, record]) => record.at >= recordAt(pair).at;
    const taken = Object.entries(records).filter(isNewer);
    for (const [pair, record] of taken) state.records[pair] = record;
    before.length = 0;
    state.rater = cleanName(rater) || state.rater;
    get('rater').value = state.rater;
    goTo(nextOpen(1));
    get(get('pair').hidden ? 'end' : 'pair').focus();
    say(`${taken.length} pairs are taken from the file; you go on as ${state.rater}.`);
  } catch (error) {
    say(`The file is not loaded: ${visible(error.message).slice(0, 300)}.`);
  }
  get('load').value = '';
}

/** Removes all that is rated, for another rater; asks by being pressed twice. */
function startAnew() {
  if (!isSure) {
    isSure = true;
    say(`Press again to remove all that is rated here (${nRated()} of ${nPairs} pairs); download it first.`);
    return;
  }
  state = { rater: '', records: {}, pair: 1 };
  before.length = 0;
  isUnsaved = false;
  get('rater').value = '';
  goTo(1);
  say('All ratings are removed.');
  get('rater').focus();
}

function onKey(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.repeat && !target.closest('#rater, textarea')) { // a key that is held rates once
    event.preventDefault();
    return;
  }
  if (target.id === 'rater' && key === 'Enter') target.blur();
  if (target.closest('#rater, textarea')) return;
  const isButton = target.closest('button, summary, input');
  const digit = /^[1-5]$/.test(key) ? key : /^Digit([1-5])$/.exec(event.code)?.[1]; // French keyboards shift them
  if (KEYS[key]) prefer(KEYS[key]);
  else if (digit) score(scoredNext(), Number(digit));
  else if (key === 'Enter' && !isButton) goTo(nextOpen(state.pair + 1));
  else if (key === 'Backspace' || key === 'u') undo();
  else if (key === 'k') goTo(state.pair - 1);
  else if (key === 'j') goTo(state.pair + 1);
  else if (key === 'd') download();
  else if (key === 'w') get('whole').click();
  else return;
  event.preventDefault();
}

function prepare() {
  for (const side of SIDES) {
    const made = [1, 2, 3, 4, 5].map((points) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = points;
      button.addEventListener('click', () => score(side, points));
      return button;
    });
    const ends = ['does not fit', 'fits very well'].map((words) => Object.assign(document.createElement('span'), { textContent: words }));
    get(side).querySelector('.scores').append(ends[0], ...made, ends[1]);
  }
  const isSame = values.same === 1 ? 'article is' : 'articles are';
  get('same').textContent = values.same ? `${values.same} of ${values.articles} ${isSame} not shown, as both systems chose the same picture.` : '';
  for (const button of get('verdict').children) button.addEventListener('click', () => prefer(button.dataset.preference));
  get('back').addEventListener('click', () => goTo(state.pair - 1));
  get('forward').addEventListener('click', () => goTo(state.pair + 1));
  get('undo').addEventListener('click', undo);
  get('download').addEventListener('click', download);
  get('anew').addEventListener('click', startAnew);
  get('to-open').addEventListener('click', () => goTo(nextOpen(1)));
  get('whole').addEventListener('change', (event) => get('sides').classList.toggle('uncropped', event.target.checked));
  get('load').addEventListener('change', (event) => event.target.files.length && load(event.target.files[0]));
  get('rater').addEventListener('input', (event) => {
    state.rater = cleanName(event.target.value);
    keep();
    draw();
  });
  document.addEventListener('keydown', onKey);
  addEventListener('storage', (event) => { // another window with the same sheet
    if (event.key !== KEPT_AS || !event.newValue) return;
    state = { ...checked(JSON.parse(event.newValue)), pair: state.pair };
    before.length = 0;
    get('rater').value = state.rater;
    draw();
  });
  addEventListener('beforeunload', (event) => {
    if (!isKept && isUnsaved) event.preventDefault();
  });
}

remember();
prepare();
get('rater').value = state.rater;
draw();
if (!state.rater) get('rater').focus();
