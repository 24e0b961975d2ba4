// Several stories: a picture for each, none twice; one is swapped, and the others stay.

import { aboutLine, ask, element, foreign, get, languageName, percent, picture, sureness, toast, Trouble } from './parts.js';
import { narrowing } from './narrow.js';
import { isTaken, take } from './take.js';

let stories = []; // { title, text, article_id, image, none_fits, seen }

const typed = () => get('headlines').value.split('\n').map((line) => line.trim()).filter(Boolean).map((title) => ({ title: title.toWellFormed(), text: '', article_id: '' }));

async function find(given) {
  if (!given.length) {
    get('several-says').replaceChildren('Paste a headline on each line, or choose a table.');
    return;
  }
  busy(true);
  try {
    const told = await ask('/api/stories', { stories: given, ...narrowing() });
    stories = told.stories.map((story, place) => ({ ...given[place], ...story, seen: story.image ? [story.image.id] : [] }));
    const without = stories.filter(({ image }) => !image).length;
    const says = [`${stories.length - without} of ${stories.length} stories have a picture, none twice.`];
    if (without) says.push(' The gallery has no more pictures that may be chosen.');
    get('several-says').replaceChildren(...says);
    show();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    get('several-says').replaceChildren(foreign(error.message));
  } finally {
    busy(false);
  }
}

async function read(file) {
  busy(true);
  try {
    const told = await ask(`/api/table?${new URLSearchParams({ name: file.name })}`, file);
    get('headlines').value = told.stories.map(({ title }) => title).join('\n');
    await find(told.stories);
    if (told.refused.length) get('several-says').append(` Left out: ${told.refused.join('; ')}.`);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    get('several-says').replaceChildren(foreign(error.message));
  } finally {
    busy(false);
    get('table').value = '';
  }
}

async function swap(place) {
  const story = stories[place];
  const others = stories.filter((_, other) => other !== place).map(({ image }) => image?.id).filter(Boolean);
  busy(true);
  try {
    const { image } = await ask('/api/swap', { title: story.title, text: story.text, ...narrowing(), without: [...others, ...story.seen] });
    if (image) {
      stories[place] = { ...story, image, seen: [...story.seen, image.id] };
      show();
      get('stories').children[place].querySelector('.swap').focus();
    } else toast('There is no other picture for this story.');
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    toast(error.message);
  } finally {
    busy(false);
  }
}

function busy(isBusy) {
  get('stories').classList.toggle('waits', isBusy);
  get('find').disabled = isBusy;
}

const chosen = (story) => ({ title: story.title, text: story.text, article_id: story.article_id, image: story.image });

export function show() {
  get('stories').replaceChildren(...stories.map(row));
  get('take-all').hidden = !stories.some(({ image }) => image);
}

function row(story, place) {
  const { image, none_fits: none } = story;
  const words = element('div', { class: 'words' }, element('h2', { dir: 'auto' }, story.title));
  words.append(element('p', { class: 'about' }, languageName(story.language)));
  if (!image) {
    return element('li', { class: 'story' }, element('div', { class: 'shot' }, element('span', { class: 'none' }, 'No picture is left')), words);
  }
  words.append(sureness(image));
  if (none !== null && none > image.confidence) words.append(element('p', { class: 'about' }, `Most likely nothing in the gallery fits (${percent(none)}).`));
  if (image.caption) words.append(element('p', { class: 'caption' }, foreign(image.caption)));
  words.append(aboutLine(image));
  const other = element('button', { type: 'button', class: 'quiet swap', 'aria-label': `Another picture for ${story.title}` }, 'Swap');
  other.addEventListener('click', () => swap(place));
  const own = element('button', { type: 'button', class: 'quiet take', 'aria-label': `Take this picture for ${story.title}` }, 'Take');
  own.addEventListener('click', () => take([chosen(story)]));
  const more = element('button', { type: 'button', class: 'quiet', 'aria-label': `All pictures for ${story.title}` }, 'All pictures');
  more.addEventListener('click', () => document.dispatchEvent(new CustomEvent('story', { detail: story })));
  words.append(element('p', { class: 'acts' }, other, own, more));
  const made = element('li', { class: 'story' }, element('div', { class: 'shot' }, picture(image, 'tile')), words);
  if (isTaken(story.title, story.text, image)) {
    made.classList.add('taken');
    own.textContent = 'Taken';
  }
  return made;
}

export function prepareStories() {
  get('several-ask').addEventListener('submit', (event) => { event.preventDefault(); find(typed()); });
  get('table').addEventListener('change', () => { if (get('table').files.length) read(get('table').files[0]); });
  get('take-all').addEventListener('click', () => take(stories.filter(({ image }) => image).map(chosen)));
  document.addEventListener('taken', show);
}
