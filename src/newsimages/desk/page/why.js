// Why a picture was found: what each view and each word adds to its score, and a map over it.

import { ask, element, foreign, get, Trouble } from './parts.js';

const TOWERS = [['txv_text', 'T×V for texts'], ['txv', 'T×V'], ['multilingual', 'Multilingual CLIP'], ['captions', 'Caption'], ['clip', 'CLIP']];
const FIELDS = { title: 'headline', text: 'story' };
const WARM = [214, 69, 20];
const COLD = [30, 102, 200];

/** A view's name in words: the tower, and what of the article it is asked with. */
function viewName(name) {
  if (name === 'revision') return 'Near many other stories';
  const [tower, label] = TOWERS.find(([own]) => name.startsWith(`${own}_`)) ?? [name, name];
  const field = FIELDS[name.slice(tower.length + 1)];
  return field ? `${label}, ${field}` : label;
}

const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;

function views(contributions) {
  const most = Math.max(...Object.values(contributions).map(Math.abs), 1e-9);
  const some = Object.entries(contributions).filter(([, value]) => Math.abs(value) >= 0.005);
  return element('dl', { class: 'views' }, ...some.flatMap(([name, value]) => {
    const fill = element('i', { class: value < 0 ? 'less' : 'more' });
    fill.style.width = `${(50 * Math.abs(value)) / most}%`;
    const bar = element('span', { class: 'scale', 'aria-hidden': 'true' }, fill);
    return [element('dt', {}, viewName(name)), element('dd', {}, bar, element('span', {}, signed(value)))];
  }));
}

/** A title or text with its parts, each shaded by what it adds. */
function shaded(text, parts, most) {
  const made = element('p', { class: 'shaded', dir: 'auto' });
  const letters = [...parts].sort((one, other) => one.start - other.start);
  let at = 0;
  for (const { start, end, adds } of letters) {
    if (start < at) continue;
    const mark = element('span', { class: adds < 0 ? 'less' : 'more', title: signed(adds) }, text.slice(start, end));
    mark.style.setProperty('--much', `${Math.round((100 * Math.abs(adds)) / most)}%`);
    made.append(text.slice(at, start), mark);
    at = end;
  }
  made.append(text.slice(at));
  return made;
}

/** Where parts are, in the units of JavaScript's strings: Python counts whole characters. */
function placed(text, parts) {
  const starts = [0];
  for (const letter of text) starts.push(starts.at(-1) + letter.length);
  return parts.map((part) => ({ ...part, start: starts[part.start], end: starts[part.end] }));
}

function words(told) {
  const most = Math.max(...told.parts.map(({ adds }) => Math.abs(adds)), 1e-9);
  const isTranslated = told.parts.some(({ of }) => of === 'english');
  const made = [];
  for (const of of ['original', 'english']) {
    for (const field of ['title', 'text']) {
      const parts = told.parts.filter((part) => part.of === of && part.field === field);
      if (!parts.length) continue;
      const text = told[of === 'english' ? `${field}_en` : field];
      if (isTranslated) made.push(element('p', { class: 'about' }, of === 'english' ? 'In English, as CLIP reads it' : 'As written, as multilingual CLIP reads it'));
      made.push(shaded(text, placed(text, parts), most));
    }
  }
  return made;
}

/** A map over the picture: warm where it adds, cold where it takes away. */
function canvasOf({ width, height, values }) {
  const canvas = element('canvas', { class: 'heat', width, height, role: 'img', 'aria-label': 'Heat map: warm places add to the score, cold ones take away from it' });
  const cells = Uint8Array.from(atob(values), (letter) => letter.charCodeAt(0));
  const paint = canvas.getContext('2d');
  const pixels = paint.createImageData(width, height);
  cells.forEach((cell, place) => {
    const value = cell - 128;
    const [red, green, blue] = value < 0 ? COLD : WARM;
    pixels.data.set([red, green, blue, Math.round(1.6 * Math.abs(value))], 4 * place);
  });
  paint.putImageData(pixels, 0, 0);
  return canvas;
}

let asking = null;

export function forgetWhy() {
  asking?.abort();
  asking = null;
  get('why').replaceChildren();
  get('whole').querySelector('.heat')?.remove();
}

/** Shows why an image was found for what was asked. */
export async function showWhy(asked, image) {
  forgetWhy();
  const own = new AbortController();
  asking = own;
  const heat = element('p', { class: 'about' }, 'Drawing the heat map …');
  const said = element('p', { class: 'about' }, 'Looking …');
  get('why').replaceChildren(said);
  const body = { ...asked, top_k: image.rank, image_id: image.id };
  try {
    const told = await ask('/api/why', body, own.signal);
    if (asking !== own) return;
    const parts = [element('h3', {}, 'What each view adds'), views(told.contributions)];
    if (told.words?.parts.length) {
      parts.push(element('h3', {}, 'Words'), ...words(told.words));
      parts.push(element('p', { class: 'about' }, 'Shaded by what the score loses without them; warm ones add, cold ones take away.'));
    }
    get('why').replaceChildren(...parts, element('h3', {}, 'In the picture'), heat);
    const drawn = await ask('/api/heat', body, own.signal);
    if (asking !== own) return;
    if (drawn.why_not) {
      heat.replaceChildren(foreign(drawn.why_not));
      return;
    }
    const canvas = canvasOf(drawn);
    const box = element('input', { type: 'checkbox', id: 'heat-shown' });
    box.checked = true;
    box.addEventListener('change', () => { canvas.hidden = !box.checked; });
    heat.replaceChildren(element('label', {}, box, ' Heat map: warm places add, cold ones take away'));
    get('whole').append(canvas);
  } catch (error) {
    if (asking !== own || error.name === 'AbortError') return;
    if (!(error instanceof Trouble)) throw error;
    get('why').replaceChildren(element('p', {}, foreign(error.message)));
  }
}
