// Takes pictures: copies id, path and credit, and has the desk write down which story got which.

import { ask, element, foreign, get, toast, Trouble } from './parts.js';

const taken = new Map(); // by story and image: what was taken on this page, the last one last

const keyOf = (choice) => JSON.stringify([choice.title, choice.text, choice.image.id]);

export const isTaken = (title, text, image) => taken.has(JSON.stringify([title, text, image.id]));

/** Id, path and credit of pictures, a line each, as a table is pasted. */
const lines = (choices) => choices.map(({ image }) => [image.id, image.path, image.credit].join('\t')).join('\n');

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not allowed, or a page that was not opened on this machine
  }
}

/** Takes pictures for stories: `{ title, text, article_id, image }` each. */
export async function take(choices) {
  if (!choices.length) return;
  const text = lines(choices);
  const isCopied = await copied(text);
  const what = choices.length === 1 ? `Taken: ${choices[0].image.id}` : `${choices.length} pictures taken`;
  try {
    await ask('/api/take', {
      choices: choices.map(({ image, ...story }) => ({ ...story, image_id: image.id, rank: image.rank, score: image.score })),
    });
    choices.forEach((choice) => taken.set(keyOf(choice), choice));
    toast(isCopied ? `${what}. Id, path and credit are copied.` : `${what}. It could not be copied: see Taken.`);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    toast(`${isCopied ? 'Copied, but not written down' : 'Not taken'}: ${error.message}`);
  }
  showTaken();
}

function showTaken() {
  const choices = [...taken.values()];
  get('to-taken').hidden = !choices.length;
  get('to-taken').textContent = `Taken: ${choices.length}`;
  get('taken-lines').replaceChildren(
    ...choices.map(({ title, image }) => {
      const about = [image.path, image.credit].filter(Boolean).join(' · ');
      return element('li', {}, element('b', {}, foreign(title)), element('p', {}, foreign(image.id)), element('p', { class: 'about' }, foreign(about)));
    }),
  );
  document.dispatchEvent(new CustomEvent('taken'));
}

export function prepareTaken() {
  get('to-taken').addEventListener('click', () => get('taken').showModal());
  get('taken-close').addEventListener('click', () => get('taken').close());
  get('taken-copy').addEventListener('click', async () => {
    const isCopied = await copied(lines([...taken.values()]));
    toast(isCopied ? 'Ids, paths and credits are copied.' : 'This browser does not let the page copy: select the lines.');
  });
}
