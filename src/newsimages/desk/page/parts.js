// What all of the page is made of: elements whose texts are texts, requests, and a word on chances.

export const get = (id) => document.getElementById(id);

/** An element; `children` are elements or texts, which are never read as markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Text from outside, set apart from the direction of what stands around it. */
export const foreign = (text) => element('bdi', {}, text);

/** A sentence for people: a request that was refused, or a model that does not answer. */
export class Trouble extends Error {}

/** Asks the desk. Raises: Trouble; AbortError where somebody else was faster. */
export async function ask(path, body, signal) {
  const isFile = body instanceof Blob;
  const how = body === undefined ? {} : {
    method: 'POST',
    body: isFile ? body : JSON.stringify(body),
    headers: { 'content-type': isFile ? 'application/octet-stream' : 'application/json' },
  };
  let response;
  try {
    response = await fetch(path, { ...how, signal });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Trouble('The desk does not answer. Is it still running? Start it again, and try once more.');
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Trouble(told.error ?? `The desk answered with status ${response.status}.`);
  return told;
}

const CHANCES = [[0.75, 'very likely'], [0.5, 'likely'], [0.25, 'possible'], [0.1, 'doubtful'], [0, 'unlikely']];

/** A probability in a word. */
export const inWords = (chance) => CHANCES.find(([least]) => chance >= least)[1];

export function percent(chance) {
  if (chance < 0.01) return '< 1 %';
  return chance > 0.99 ? '> 99 %' : `${Math.round(100 * chance)} %`;
}

const languages = new Intl.DisplayNames(['en'], { type: 'language' });
const dates = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

export const languageName = (code) => (code && code !== 'und' ? languages.of(code) : 'Language not clear');
export const dateShown = (date) => (date ? dates.format(new Date(`${date}T00:00:00Z`)) : '');

/** An image's picture, or a tile that says why there is none. */
export function picture(image, size) {
  if (image.why_not) return tileWithout(image.why_not);
  const address = `/picture?${new URLSearchParams({ id: image.id, size, v: image.tag })}`;
  const made = element('img', { src: address, alt: image.caption || `Picture ${image.id}`, decoding: 'async' });
  made.addEventListener('error', async () => {
    const { why_not: why } = await ask(`/api/picture?${new URLSearchParams({ id: image.id })}`).catch(() => ({}));
    made.replaceWith(tileWithout(why || 'it cannot be shown'));
  });
  return made;
}

function tileWithout(why) {
  return element('span', { class: 'none' }, element('b', {}, 'No picture'), foreign(why));
}

/** How sure a picture is: in a word, and in a number. */
export function sureness(image) {
  const made = element('p', { class: 'sure' }, element('span', {}, `${image.rank}`));
  if (image.confidence === null) return made;
  const fill = element('i');
  fill.style.width = `${100 * image.confidence}%`;
  const word = inWords(image.confidence);
  made.append(
    element('b', {}, word[0].toUpperCase() + word.slice(1)),
    element('span', {}, percent(image.confidence)),
    element('span', { class: 'bar', 'aria-hidden': 'true' }, fill),
  );
  return made;
}

/** Credit, date and rights in a line. */
export function aboutLine(image) {
  const parts = [image.credit, dateShown(image.date), image.rights].filter(Boolean);
  return element('p', { class: 'about' }, ...parts.flatMap((part, place) => (place ? [' · ', foreign(part)] : [foreign(part)])));
}

let leaving = 0;

/** Says something for some seconds. */
export function toast(text) {
  clearTimeout(leaving);
  const above = document.querySelector('dialog[open]') ?? document.body; // a dialog lies over all else
  above.append(get('toast'));
  get('toast').replaceChildren(text);
  get('toast').hidden = false;
  leaving = setTimeout(() => { get('toast').hidden = true; }, 5000);
}
