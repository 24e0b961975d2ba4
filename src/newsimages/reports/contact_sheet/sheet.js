// The page as a whole: variants, filters, keys, and the card that tells of a picture.

const get = (id) => document.getElementById(id);
const controls = {
  search: get('search'),
  outcome: get('outcome'),
  outcomeOf: get('outcome-of'),
  found: get('found'),
  missed: get('missed'),
  move: get('move'),
  moveIn: get('move-in'),
  explained: get('explained'),
};
const card = get('card');
const rows = values.articles.map((_, article) => row(article));
let shown = rows;

function addOptions(select, names) {
  select.append(...names.map((name, value) => element('option', { value }, visible(name))));
}

function prepare() {
  const names = values.variants.map(({ name }) => name);
  for (const select of [controls.outcomeOf, controls.found, controls.missed]) addOptions(select, names);
  addOptions(controls.moveIn, values.pairs.map(([before, after]) => `${names[before]} → ${names[after]}`));
  const isJudged = values.articles.some((_, article) => isKnown(article));
  get('by-outcome').hidden = !isJudged;
  get('by-difference').hidden = !isJudged || names.length < 2;
  get('by-move').hidden = !isJudged || !values.pairs.length;
  get('by-explained').hidden = !Object.keys(values.explained).length;
  get('more').hidden = !isJudged;
  const shownPair = values.pairs.findIndex((pair) => pair.some((variant) => variant < values.first));
  if (shownPair > 0) controls.moveIn.options[shownPair].defaultSelected = true;
  get('variants').hidden = names.length < 2;
  get('share-said').hidden = !isJudged;
  get('show-first').textContent = `The first ${values.first}`;
  get('show-first').hidden = names.length <= values.first;
  get('choices').append(...names.map((_, variant) => choice(variant)));
  get('feed').append(...rows);
}

// Variants

/** A variant's colour, name, words and share; the parts of a line. */
function described(variant) {
  const { name, words, found } = values.variants[variant];
  const parts = [element('i', { class: 'chip' }), element('bdi', {}, visible(name)), element('span', { class: 'does' }, visible(words))];
  if (found !== null) parts.push(element('span', { class: 'share' }, `${(100 * found).toFixed(1)} %`));
  return parts;
}

function coloured(made, variant) {
  made.style.setProperty('--colour', values.variants[variant].colour);
  return made;
}

function choice(variant) {
  const box = element('input', { type: 'checkbox', value: variant });
  return coloured(element('label', {}, box, ...described(variant)), variant);
}

const boxes = () => [...get('choices').querySelectorAll('input')];

/** Shows the lists of these variants, and keeps their names in the address. */
function show(variants) {
  chosen = variants;
  for (const box of boxes()) {
    box.checked = chosen.includes(Number(box.value));
    box.defaultChecked = box.checked; // clearing the filters leaves it
  }
  const legend = chosen.map((variant) => coloured(element('li', {}, ...described(variant)), variant));
  if (values.variants[0].found !== null) legend.unshift(element('li', { class: 'what' }, 'Right picture in the top ten'));
  get('legend').replaceChildren(...legend);
  get('n-variants').textContent = `Variants: ${chosen.length} of ${values.variants.length}`;
  document.documentElement.style.setProperty('--lists', chosen.length);
  for (const made of rows.filter((one) => one.filled)) {
    made.filled = false;
    fill(made);
  }
}

function keepInAddress() {
  try {
    const names = chosen.map((variant) => encodeURIComponent(values.variants[variant].name));
    history.replaceState(null, '', `#show=${names.join(',')}`);
  } catch {} // a frame made from a blob has no address of its own
}

/** The variants that the address names, or the first. */
function fromAddress() {
  const [, named] = /^#show=(.+)$/.exec(location.hash) ?? [];
  const wanted = (named ?? '').split(',').map((name) => {
    try {
      return decodeURIComponent(name);
    } catch {
      return name;
    }
  });
  const found = allVariants.filter((variant) => wanted.includes(values.variants[variant].name));
  return found.length ? found : allVariants.slice(0, values.first);
}

function choose(variants) {
  show(variants);
  keepInAddress();
}

// Pictures are made while an article is near the window. The root is named, as in a sandboxed
// frame of another origin the margin would else be ignored.
const nearby = new IntersectionObserver(
  (entries) => entries.forEach((entry) => (entry.isIntersecting ? fill : empty)(entry.target)),
  { root: document, rootMargin: '1200px 0px' },
);

function update() {
  hideCard();
  const fits = passes(controls);
  shown = rows.filter((made, article) => {
    made.hidden = !fits(article);
    return !made.hidden;
  });
  shown.forEach((made, place) => {
    made.setAttribute('aria-posinset', place + 1);
    made.setAttribute('aria-setsize', shown.length);
  });
  const [some, all] = [shown.length, rows.length].map((count) => count.toLocaleString('en'));
  get('count').textContent = some === all ? `${all} article${rows.length === 1 ? '' : 's'}` : `${some} of ${all} articles`;
  get('empty').hidden = shown.length > 0;
  const filters = [controls.outcome, controls.found, controls.missed, controls.move, controls.explained];
  filters.forEach((select) => select.classList.toggle('on', select.value !== ''));
  const nFilters = filters.filter((select) => select.value !== '').length;
  get('more').textContent = nFilters ? `Filters (${nFilters})` : 'Filters';
  get('clear').hidden = !nFilters && !controls.search.value;
}

function startOver() {
  get('bar').reset();
  update();
  controls.search.focus();
}

// Keys

function focusArticle(step) {
  const current = document.activeElement.closest('article');
  const bar = get('bar').getBoundingClientRect().bottom;
  const at = current && !current.hidden ? shown.indexOf(current) + step : shown.findIndex((made) => made.getBoundingClientRect().bottom > bar + 8);
  const next = shown[Math.min(Math.max(at, 0), shown.length - 1)];
  if (!next) return;
  fill(next);
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'start' });
}

/** From one picture to another within the lists of an article. */
function focusPicture(from, key) {
  const strips = [...from.closest('.lists').querySelectorAll('.strip')].filter((strip) => strip.children.length);
  const down = strips.indexOf(from.parentElement);
  const along = [...from.parentElement.children].indexOf(from);
  const to = {
    ArrowLeft: [down, along - 1],
    ArrowRight: [down, along + 1],
    ArrowUp: [down - 1, along],
    ArrowDown: [down + 1, along],
    Home: [down, 0],
    End: [down, Infinity],
  }[key];
  const cells = strips[to[0]]?.children;
  const next = cells && to[1] >= 0 && cells[Math.min(to[1], cells.length - 1)];
  if (!next) return;
  from.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key, target } = event;
  if (key === 'Escape') {
    if (!card.hidden) hideCard();
    else if (get('variants').open) {
      get('variants').open = false;
      get('n-variants').focus();
    }
    else if (controls.search.value) {
      controls.search.value = '';
      update();
    }
    return;
  }
  if (target.closest('input, select')) return;
  const cell = target.closest('.strip .shot');
  if (key === '/') controls.search.focus();
  else if (key === 'j' || key === 'k') focusArticle(key === 'j' ? 1 : -1);
  else if (cell && /^(Arrow|Home$|End$)/.test(key)) focusPicture(cell, key);
  else if (target.matches('article') && (key === 'ArrowDown' || key === 'ArrowUp')) focusArticle(key === 'ArrowDown' ? 1 : -1);
  else return;
  event.preventDefault();
}

// The card

let leaving = 0;
let shotOfCard = null;

function showCard(over) {
  clearTimeout(leaving);
  unexplain();
  shotOfCard = over;
  const { image, lines, isRight, why } = over.card;
  const table = element('dl');
  for (const [term, said] of lines) table.append(element('dt', {}, term), element('dd', {}, element('bdi', {}, said)));
  card.replaceChildren(element('div', {}, enlarged(over), ...(isRight ? [element('p', {}, 'The right picture')] : []), table));
  if (why) {
    const [below, beside] = explain(over);
    card.firstChild.append(...below);
    card.append(element('div', {}, ...beside));
  }
  card.classList.toggle('wide', Boolean(why));
  card.hidden = false;
  const [box, size] = [over.getBoundingClientRect(), card.getBoundingClientRect()];
  const [rightmost, lowest] = [document.documentElement.clientWidth - size.width - 8, innerHeight - size.height - 8];
  const within = (place, last) => Math.max(8, Math.min(place, last));
  const [above, below] = [box.top - size.height - 8, box.bottom + 8];
  const [before, after] = [box.left - size.width - 8, box.right + 8];
  const isBeside = below > lowest && above < 8 && (after <= rightmost || before >= 8);
  const left = isBeside ? (after <= rightmost ? after : before) : within(box.left + box.width / 2 - size.width / 2, rightmost);
  const top = isBeside ? within(box.top, lowest) : below > lowest && above >= 8 ? above : within(below, lowest);
  card.style.left = `${left}px`;
  card.style.top = `${top}px`;
}

function hideCard() {
  clearTimeout(leaving);
  unexplain();
  card.hidden = true;
}

/** The card goes, unless the keys have just led to its picture, which brings it into view. */
function onScroll() {
  const isOfKeys = !card.hidden && shotOfCard === document.activeElement && shotOfCard.matches(':focus-visible');
  const { top, bottom } = isOfKeys ? shotOfCard.getBoundingClientRect() : { top: 0, bottom: 0 };
  if (isOfKeys && top < innerHeight && bottom > 0) showCard(shotOfCard);
  else hideCard();
}

const shotOf = (event) => event.target.closest?.('.shot');

function onLeave(event) {
  if (!shotOf(event) && event.target !== card) return;
  clearTimeout(leaving);
  leaving = setTimeout(hideCard, 120); // long enough to reach the card
}

prepare();
show(fromAddress());
rows.forEach((made) => nearby.observe(made));
update();
get('bar').addEventListener('input', update);
get('choices').addEventListener('input', () => choose(boxes().filter((box) => box.checked).map((box) => Number(box.value))));
get('show-all').addEventListener('click', () => choose(allVariants));
get('show-first').addEventListener('click', () => choose(allVariants.slice(0, values.first)));
addEventListener('hashchange', () => show(fromAddress()));
document.addEventListener('click', (event) => {
  if (!event.target.closest('#variants')) get('variants').open = false;
});
get('bar').addEventListener('submit', (event) => event.preventDefault());
get('bar').addEventListener('reset', () => setTimeout(() => { update(); controls.search.focus(); }));
get('start-over').addEventListener('click', startOver);
get('more').addEventListener('click', () => {
  const isOpen = get('filters').classList.toggle('open');
  get('more').setAttribute('aria-expanded', isOpen);
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault(); // a frame made from a blob cannot follow its own anchors everywhere
  get('results').focus();
});
document.addEventListener('keydown', onKey);
document.addEventListener('mouseover', (event) => {
  if (shotOf(event)) showCard(shotOf(event));
  else if (card.contains(event.target)) clearTimeout(leaving);
});
document.addEventListener('mouseout', onLeave);
card.addEventListener('mouseleave', hideCard);
document.addEventListener('focusin', (event) => {
  const over = shotOf(event);
  if (over?.matches(':focus-visible')) showCard(over);
  else hideCard();
});
document.addEventListener('click', (event) => {
  if (shotOf(event)) showCard(shotOf(event));
  else if (!card.contains(event.target)) hideCard(); // where it opened below a finger, it stays
});
document.addEventListener('scroll', onScroll, { passive: true, capture: true });
