// Why a picture got its score: a heat map over it, and the title's words shaded by what they add.

const ADDS = [255, 138, 0];
const TAKES = [0, 114, 255];
const SAID = [5, 2]; // words of a title and sentences of a text that are listed on the card
const SAID_OF_TWO = [3, 1]; // of each version, where the article was translated
const KINDS = ['Words as published', 'Words of the translation', 'Sentences as published', 'Sentences of the translation'];
const KINDS_IN_ONE = ['Words of the title', '', 'Sentences of the text'];
const CARD = 190; // pixels of a card's picture, its longer side

/** What is known of an explained picture: {article, parts, added, heat, reason}. */
function whyOf(article, image) {
  const [, parts, images] = explanationOf(article) ?? [];
  const [, added, heat, reason] = images?.find(([number]) => number === image) ?? [];
  return added ? { article, parts, added, heat, reason } : null;
}

/** "+0.0123", "−12.3" */
function signed(value) {
  return `${value < 0 ? '−' : '+'}${Number(Math.abs(value).toPrecision(3))}`;
}

const isWord = (part) => part.length === 3;

/** The title that a part is in: as published (line 0), or in English. */
const titleOf = (article, line) => values.articles[article][1 + line] || values.articles[article][1];

/** What changes the score most: per kind its name, and [part, by how much] of the strongest. */
function strongest({ article, parts, added }) {
  const [kinds, most] = parts.some(([line]) => line === 1) ? [KINDS, SAID_OF_TWO] : [KINDS_IN_ONE, SAID];
  const text = (part) => (isWord(part) ? titleOf(article, part[0]).slice(part[1], part[2]) : part[1]);
  const ranked = parts.map((part, number) => [part, added[number]]).filter(([part, value]) => value !== 0 && text(part));
  ranked.sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
  return kinds.map((kind, number) => {
    const own = ranked.filter(([part]) => part[0] === number % 2 && isWord(part) === number < 2).slice(0, most[Number(number > 1)]);
    return [kind, own.map(([part, value]) => [`“${visible(text(part))}”`, signed(value)])];
  }).filter(([, own]) => own.length);
}

/** The heat map of a picture: warm and + where it adds, cold and − where it takes away. */
function heatMap([width, height, cells]) {
  const grid = Int8Array.from(atob(cells), (cell) => cell.charCodeAt(0));
  const canvas = element('canvas', { width, height });
  const paint = canvas.getContext('2d');
  const pixels = paint.createImageData(width, height);
  grid.forEach((value, place) => {
    const strength = Math.abs(value) / 127;
    pixels.data.set([...(value > 0 ? ADDS : TAKES), (value > 0 ? 210 : 150) * strength ** 1.2], 4 * place);
  });
  paint.putImageData(pixels, 0, 0);
  const made = element('span', { class: 'heat', 'aria-hidden': 'true' }, canvas);
  for (const [sign, value] of [['+', Math.max(...grid)], ['−', Math.min(...grid)]]) {
    if (Math.abs(value) < 16 || (sign === '+') !== value > 0) continue;
    const place = grid.indexOf(value);
    const peak = element('i', {}, sign);
    peak.style.left = `${((place % width) + 0.5) / width * 100}%`;
    peak.style.top = `${(Math.floor(place / width) + 0.5) / height * 100}%`;
    made.append(peak);
  }
  return made;
}

/** A line of the title in pieces, those that are explained shaded. */
function shaded(text, words, greatest) {
  const pieces = [];
  let at = 0;
  for (const [start, end, value] of words.sort(([one], [other]) => one - other)) {
    const strength = Math.abs(value) / greatest;
    pieces.push(visible(text.slice(at, start)));
    const piece = element('span', { class: strength < 0.08 ? null : value > 0 ? 'adds' : 'takes' }, visible(text.slice(start, end)));
    piece.style.setProperty('--strength', strength.toFixed(2));
    pieces.push(piece);
    at = end;
  }
  return [...pieces, visible(text.slice(at))];
}

/** Takes the shades and the heat map off again. */
let unexplain = () => {};

/** Shades the words and the picture; the lines for the card, below its picture and beside it. */
function explain(over) {
  const { why } = over.card;
  const made = over.closest('article');
  const title = made.querySelector('h2');
  const original = made.querySelector('.original');
  const words = why.parts.map((part, number) => [...part, why.added[number]]).filter((part) => part.length === 4);
  const greatest = Math.max(...words.map(([, , , value]) => Math.abs(value))) || 1;
  const lines = original ? [original, title] : [title];
  lines.forEach((place, line) => {
    const own = words.filter(([of]) => of === line).map(([, ...rest]) => rest);
    place.replaceChildren(...shaded(titleOf(why.article, line), own, greatest));
  });
  made.classList.add('shaded');
  const frame = over.querySelector('.frame');
  const heat = why.heat ? heatMap(why.heat) : null;
  if (heat) frame.append(heat);
  unexplain = () => {
    lines.forEach((place, line) => { place.textContent = visible(titleOf(why.article, line)); });
    made.classList.remove('shaded');
    heat?.remove();
    unexplain = () => {};
  };
  const quiet = (text) => element('p', { class: 'quiet-line' }, text);
  const tables = strongest(why).flatMap(([kind, own]) => {
    const table = element('dl', { class: 'added' });
    for (const [term, said] of own) table.append(element('dt', { title: term }, element('bdi', {}, term)), element('dd', {}, said));
    return [quiet(kind), table];
  });
  const key = quiet('Orange, + and a line: adds. Blue, − and dashes: takes away.');
  const missing = heat ? [] : [quiet(`No heat map: ${visible(why.reason)}`)];
  return [[key, ...missing], [element('p', {}, 'What adds to its score'), ...tables]];
}

/** The picture of a card, as large as there is room, with its heat map. */
function enlarged(over) {
  const { image, why } = over.card;
  const frame = element('span', { class: 'frame' }, picture(image));
  const { naturalWidth: width, naturalHeight: height } = over.querySelector('img') ?? {};
  const longest = why ? Math.min(CARD, 0.42 * innerWidth) : CARD;
  const scale = Math.min(longest / width, longest / height);
  if (width) Object.assign(frame.firstChild, { width: Math.round(width * scale), height: Math.round(height * scale) });
  if (why?.heat) frame.append(heatMap(why.heat));
  return frame;
}
