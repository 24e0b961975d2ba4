// One story: the headline as it is typed, its pictures, and what narrows them.

import { aboutLine, ask, dateShown, element, foreign, get, inWords, languageName, percent, picture, sureness, Trouble } from './parts.js';
import { narrowing, prepareNarrow } from './narrow.js';
import { prepareStories } from './stories.js';
import { isTaken, prepareTaken, take } from './take.js';
import { forgetWhy, showWhy } from './why.js';

const WAIT_MS = 100; // after the last key
const STEP = 24; // pictures at a time
const MOST = 192;

let about = null; // the model, and by what its gallery can be filtered
let images = [];
let topK = STEP;
let asking = null; // the request that is under way
let opened = null; // the image in the dialog
let asksWhy = false; // whether the dialog says why
let like = null; // the image whose likes are shown

// Asking

/** What is asked for, as it stands. */
function asked() {
  const [title, text] = story();
  return { title, text, top_k: topK, ...narrowing(), ...(like ? { like: like.id } : {}) };
}

/** Why what was typed is not asked; "" where it is. */
function whyNot(title, text) {
  for (const [name, value] of [['headline', title], ['story', text]]) {
    if (value.length > about.max_characters) {
      return `The ${name} has ${value.length.toLocaleString('en')} characters; up to ${about.max_characters.toLocaleString('en')} are read. Give its beginning.`;
    }
  }
  return '';
}

async function answer() {
  if (!about) return; // the desk has not answered yet
  asking?.abort();
  asking = null;
  const [title, text] = [get('title').value, get('text').value];
  get('like').hidden = !like;
  if (!title.trim()) {
    show([]);
    get('empty').hidden = false;
    get('read').replaceChildren(text.trim() ? 'The headline is blank: type one.' : '');
    return;
  }
  const why = whyNot(title, text);
  if (why) {
    trouble(why, false);
    return;
  }
  const own = new AbortController();
  asking = own;
  get('grid').classList.add('waits');
  get('results').setAttribute('aria-busy', 'true');
  try {
    const told = await ask('/api/ask', asked(), own.signal);
    if (asking === own) showAnswer(told);
  } catch (error) {
    if (asking !== own || error.name === 'AbortError') return;
    if (!(error instanceof Trouble)) throw error;
    trouble(error.message, true);
  } finally {
    if (asking === own) {
      asking = null;
      get('grid').classList.remove('waits');
      get('results').removeAttribute('aria-busy');
    }
  }
}

let later = 0;

/** Asks when no key has come for a moment. */
function soon() {
  clearTimeout(later);
  topK = STEP;
  later = setTimeout(answer, WAIT_MS);
}

function now() {
  clearTimeout(later);
  answer();
}

// Showing

function trouble(what, canRetry) {
  show([]); // what is there belongs to another headline
  get('read').replaceChildren();
  get('what').replaceChildren(foreign(what));
  get('again').hidden = !canRetry;
  get('trouble').hidden = false;
  get('grid').classList.remove('waits');
  get('empty').hidden = true;
}

function showAnswer(told) {
  get('trouble').hidden = true;
  get('empty').hidden = true;
  named(told);
  get('read').replaceChildren(...whatWasRead(told));
  show(told.images);
  showVerdict(told);
}

function named({ model, version, n_images: size, notice }) {
  const pictures = size === null ? '' : ` · ${size.toLocaleString('en')} pictures`;
  get('model').replaceChildren(foreign(model), version ? ` version ${version}` : '', pictures);
  get('notice').replaceChildren(foreign(notice));
  get('notice').hidden = !notice;
}

function whatWasRead({ language, english, approximate, nothing_left: nothingLeft }) {
  if (nothingLeft || like) return [];
  const parts = [element('b', {}, languageName(language))];
  if (english) parts.push(' · read as “', foreign(english.title), '”');
  if (approximate) parts.push(' · found by an index, which may miss some');
  return parts;
}

function showVerdict({ none_fits: none, images: found, nothing_left: nothingLeft }) {
  const best = Math.max(0, ...found.map(({ confidence }) => confidence ?? 0));
  const says = [];
  if (nothingLeft) {
    says.push(element('h2', {}, 'No picture is left'), element('p', {}, nothingLeft));
  } else if (none !== null && none !== undefined && none > best) {
    const where = Object.keys(narrowing().filter).length ? 'among those that are left' : 'in the gallery';
    says.push(
      element('h2', {}, 'Nothing here fits'),
      element('p', {}, `Most likely the right picture is not ${where} (${percent(none)}). The nearest ones:`),
    );
  }
  get('verdict').replaceChildren(...says);
  get('verdict').hidden = !says.length;
  get('clear-filter').hidden = !nothingLeft;
}

function show(found) {
  const before = new Map([...get('grid').children].map((made) => [made.dataset.key, made]));
  const focused = document.activeElement?.closest?.('.tile')?.dataset.key;
  images = found;
  const tiles = images.map((image) => {
    const key = JSON.stringify(image);
    return before.get(key) ?? tile(image, key);
  });
  get('grid').replaceChildren(...tiles);
  tiles.forEach((made, place) => setStop(made, place === 0));
  if (focused) tiles.find((made) => made.dataset.key === focused)?.querySelector('.shot').focus();
  get('further').hidden = images.length < topK || topK >= MOST;
  if (!images.length) {
    get('verdict').hidden = true;
    get('clear-filter').hidden = true;
  }
  markTaken();
}

function tile(image, key) {
  const shot = element('button', { type: 'button', class: 'shot' }, picture(image, 'tile'));
  shot.setAttribute('aria-label', spoken(image));
  shot.addEventListener('click', () => open(image));
  const made = element('li', { class: 'tile' }, shot, sureness(image));
  const caption = image.caption ? [foreign(image.caption)] : ['No caption'];
  made.append(element('p', { class: image.caption ? 'caption' : 'caption no' }, ...caption), aboutLine(image), acts(image));
  made.dataset.key = key;
  made.dataset.id = image.id;
  return made;
}

function acts(image) {
  const alike = element('button', { type: 'button', 'aria-label': `More like number ${image.rank}` }, 'More like this');
  alike.addEventListener('click', () => showLike(image));
  const own = element('button', { type: 'button', class: 'take', 'aria-label': `Take number ${image.rank}` }, 'Take');
  own.addEventListener('click', () => takeOne(image));
  const reasons = element('button', { type: 'button', class: 'reasons', 'aria-label': `Why number ${image.rank}` }, 'Why');
  reasons.addEventListener('click', () => openWith(image));
  return element('p', { class: 'acts' }, own, alike, ...(like ? [] : [reasons]));
}

// Taking

function showOpenTaken() {
  get('details-take').textContent = isTaken(...story(), opened) ? 'Taken' : 'Take';
}

/** The headline and the text as they stand. */
const story = () => [get('title').value.toWellFormed(), get('text').value.toWellFormed()];

function takeOne(image) {
  const [title, text] = story();
  take([{ title, text, article_id: '', image }]);
}

function markTaken() {
  if (opened) showOpenTaken();
  [...get('grid').children].forEach((made, place) => {
    const is = isTaken(...story(), images[place]);
    made.classList.toggle('taken', is);
    made.querySelector('.take').textContent = is ? 'Taken' : 'Take';
  });
}

function spoken(image) {
  const sure = image.confidence === null ? '' : `${inWords(image.confidence)}, ${percent(image.confidence)}. `;
  return `Number ${image.rank}: ${sure}${image.caption || image.id}${image.why_not ? `. No picture: ${image.why_not}` : ''}`;
}

// The open picture

function open(image) {
  opened = image;
  get('whole').replaceChildren(picture(image, 'whole'));
  get('details-sure').replaceChildren(...sureness(image).childNodes);
  get('details-caption').replaceChildren(foreign(image.caption || 'No caption'));
  const lines = { Credit: image.credit, Date: dateShown(image.date), Rights: image.rights, Id: image.id, File: image.path };
  get('details-about').replaceChildren(
    ...Object.entries(lines).filter(([, value]) => value).flatMap(([term, value]) => [element('dt', {}, term), element('dd', {}, foreign(value))]),
  );
  showOpenTaken();
  get('details-why').hidden = Boolean(like);
  if (!get('details').open) get('details').showModal();
  if (asksWhy && !like) showWhy(asked(), image);
  else forgetWhy();
}

/** Says why the open picture was found, and goes on to do so for the next ones. */
function setWhy(isAsked) {
  asksWhy = isAsked;
  get('details-why').setAttribute('aria-expanded', isAsked);
  if (isAsked) showWhy(asked(), opened);
  else forgetWhy();
}

function step(by) {
  const next = images[images.indexOf(opened) + by];
  if (next) open(next);
}

/** Opens a picture and says why it was found. */
function openWith(image) {
  asksWhy = true;
  get('details-why').setAttribute('aria-expanded', 'true');
  open(image);
}

function onClosed() {
  const place = images.indexOf(opened);
  setWhy(false);
  opened = null;
  if (place >= 0) focusTile(place);
}

// More like this

function showLike(image) {
  like = image;
  topK = STEP;
  get('details').close();
  get('like-what').replaceChildren(image ? foreign(image.caption || image.id) : '');
  scrollTo({ top: 0 });
  now();
}

// Keys

/** Whether Tab comes to a tile: to one of them at a time. */
function setStop(made, isStop) {
  made.querySelectorAll('button').forEach((button) => { button.tabIndex = isStop ? 0 : -1; });
}

function focusTile(place) {
  const tiles = [...get('grid').children];
  const made = tiles[Math.min(Math.max(place, 0), tiles.length - 1)];
  if (!made) return;
  tiles.forEach((other) => setStop(other, other === made));
  made.querySelector('.shot').focus();
}

function columns() {
  const tops = [...get('grid').children].map((made) => made.offsetTop);
  return Math.max(1, tops.filter((top) => top === tops[0]).length);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const { key, target } = event;
  if (get('taken').open || location.hash === '#several') return;
  if (get('details').open) {
    if (key === 'ArrowRight' || key === 'ArrowLeft') step(key === 'ArrowRight' ? 1 : -1);
    else if (key === 't') takeOne(opened);
    else if (key === 'l') showLike(opened);
    else if (key === 'w' && !like) setWhy(!asksWhy);
    else return;
    event.preventDefault();
    return;
  }
  if (target === get('title')) {
    if (key === 'ArrowDown') focusTile(0);
    else if (key === 'Enter') now();
    else if (key === 'Escape' && target.value) {
      target.value = '';
      now();
    } else return;
    event.preventDefault();
    return;
  }
  if (target.closest('input, textarea, select')) return;
  if (key === '/') {
    get('title').focus();
    get('title').select();
    event.preventDefault();
    return;
  }
  const own = target.closest('.tile');
  if (!own) return;
  const place = [...get('grid').children].indexOf(own);
  const wide = columns();
  const to = { ArrowLeft: place - 1, ArrowRight: place + 1, ArrowUp: place - wide, ArrowDown: place + wide, Home: 0, End: images.length - 1 }[key];
  if (to === undefined) {
    if (key === 'l') showLike(images[place]);
    else if (key === 't') takeOne(images[place]);
    else if (key === 'w' && !like) openWith(images[place]);
    else if (key === 'Escape' && like) showLike(null);
    else if (key === 'Escape') get('title').focus();
    else return;
  } else if (to < 0 && key === 'ArrowUp') get('title').focus();
  else if (to < images.length) focusTile(to);
  event.preventDefault();
}

// Pages

/** Shows the page that the address names. */
function turn() {
  const isSeveral = location.hash === '#several';
  for (const id of ['one', 'grid', 'empty', 'verdict', 'trouble', 'further', 'like']) get(id).classList.toggle('away', isSeveral);
  get('several').hidden = !isSeveral;
  get('stories').hidden = !isSeveral;
  get(isSeveral ? 'to-several' : 'to-one').setAttribute('aria-current', 'page');
  get(isSeveral ? 'to-one' : 'to-several').removeAttribute('aria-current');
  get(isSeveral ? 'headlines' : 'title').focus();
}

async function begin() {
  try {
    about = await ask('/api/about');
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    trouble(error.message, true);
    return;
  }
  named(about);
  prepareNarrow(about, soon);
  if (get('title').value) now(); // kept by the browser over a reload
}

get('details-take').addEventListener('click', () => takeOne(opened));
get('details-why').addEventListener('click', () => setWhy(!asksWhy));
get('details-like').addEventListener('click', () => showLike(opened));
get('unlike').addEventListener('click', () => { showLike(null); get('title').focus(); });
get('ask').addEventListener('submit', (event) => { event.preventDefault(); now(); });
for (const id of ['title', 'text']) get(id).addEventListener('input', () => { like = null; soon(); });
get('narrow').addEventListener('submit', (event) => { event.preventDefault(); now(); });
get('again').addEventListener('click', () => (about ? now() : begin()));
get('further').addEventListener('click', () => { topK = Math.min(2 * topK, MOST); now(); });
get('details-close').addEventListener('click', () => get('details').close());
get('details').addEventListener('close', onClosed);
for (const id of ['details', 'taken']) get(id).addEventListener('click', (event) => { if (event.target === get(id)) get(id).close(); });
document.querySelector('.skip').addEventListener('click', (event) => { event.preventDefault(); get('results').focus(); });
addEventListener('hashchange', turn);
document.addEventListener('keydown', onKey);
document.addEventListener('taken', markTaken);
document.addEventListener('story', ({ detail }) => {
  get('title').value = detail.title;
  get('text').value = detail.text;
  get('story').open = Boolean(detail.text);
  like = null;
  location.hash = '#one';
  soon();
});
document.addEventListener('focusin', (event) => {
  const own = event.target.closest?.('.tile');
  if (own) [...get('grid').children].forEach((made) => setStop(made, made === own));
});
prepareTaken();
prepareStories();
turn();
begin();
