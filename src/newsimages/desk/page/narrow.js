// What narrows the pictures: dates, rights, credits and captions of the gallery, and a text to subtract.

import { element, foreign, get } from './parts.js';

const FIELDS = ['date', 'rights', 'credit', 'caption'];
const INPUTS = ['date-from', 'date-to', 'credit', 'caption', 'minus'];

function filter() {
  const given = {
    date_from: get('date-from').value,
    date_to: get('date-to').value,
    rights: [...get('rights').querySelectorAll(':checked')].map((box) => box.value),
    credit: get('credit').value.trim(),
    caption: get('caption').value.trim(),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value.length));
}

/** What is chosen, as a request says it. */
export function narrowing() {
  const minus = get('minus').value.trim();
  return { filter: filter(), ...(minus ? { minus: minus.toWellFormed(), minus_weight: Number(get('weight').value) } : {}) };
}

/** Shows the fields that the gallery has; `changed` is called with each choice. */
export function prepareNarrow({ fields, rights, minus_weight: weight }, changed) {
  for (const name of FIELDS) get(`by-${name}`).hidden = !fields.includes(name);
  get('weight').max = weight.most;
  get('weight').defaultValue = weight.default;
  get('rights').append(...rights.map((value) => element('label', {}, element('input', { type: 'checkbox', value }), foreign(value))));
  const onChange = () => {
    show();
    changed();
  };
  get('narrow').addEventListener('input', onChange);
  get('narrow').addEventListener('reset', () => setTimeout(onChange));
  get('clear-filter').addEventListener('click', () => get('narrow').reset());
  document.addEventListener('click', (event) => {
    if (!event.target.closest('#by-rights')) get('by-rights').open = false;
  });
  get('unfold').addEventListener('click', () => {
    get('unfold').setAttribute('aria-expanded', get('narrow').classList.toggle('open'));
  });
  show(); // a browser may keep what was chosen over a reload
}

function show() {
  const { filter: given, minus } = narrowing();
  const chosen = given.rights?.length ?? 0;
  get('by-weight').hidden = !minus;
  get('weight-said').textContent = Number(get('weight').value).toFixed(2);
  const count = Object.keys(given).length + (minus ? 1 : 0);
  get('clear').hidden = !count;
  get('unfold').textContent = count ? `Narrow (${count})` : 'Narrow';
  get('rights-chosen').textContent = chosen ? `Rights: ${chosen}` : 'Rights';
  get('rights-chosen').classList.toggle('on', chosen > 0);
  for (const id of INPUTS) get(id).classList.toggle('on', Boolean(get(id).value));
}
