// An article on the page: its words at once, its pictures while it is near the window.

const pictures = JSON.parse(document.getElementById('pictures').textContent);
const languages = typeof Intl.DisplayNames === 'function' ? new Intl.DisplayNames(['en'], { type: 'language' }) : null;

const allVariants = values.variants.map((_, variant) => variant);
/** The numbers of the variants that are shown. */
let chosen = allVariants.slice(0, values.first);

/** An element with properties, attributes (names with a dash, role, lang, dir) and children. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Text with control characters as visible symbols. */
function visible(text) {
  return text
    .replace(/[\t\n\r\u0085\u2028\u2029]+/g, ' ')
    .replace(/[\u0000-\u001f]/g, (sign) => String.fromCharCode(0x2400 + sign.charCodeAt(0)))
    .replace(/[\u007f-\u009f]/g, '\ufffd');
}

function languageName(code) {
  try {
    return languages?.of(code) ?? code;
  } catch {
    return code; // no code of a language
  }
}

const isLanguage = (code) => /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(code);

function titleIn(tag, code, text, attributes = {}) {
  return element(tag, { ...attributes, dir: 'auto', lang: isLanguage(code) ? code : null }, visible(text));
}

/** The words of an article, and room for its pictures. */
function row(article) {
  const [id, title, english, language] = values.articles[article];
  const story = element('div', { class: 'story' });
  const words = element('div', { class: 'words' });
  words.append(titleIn('h2', english ? 'en' : language, english || title, { id: `t${article}` }));
  if (english) words.append(titleIn('p', language, title, { class: 'original' }));
  const meta = element('p', { class: 'meta' });
  if (language) {
    const name = languageName(language);
    meta.append(element('abbr', { class: 'badge', title: name, 'aria-label': `Language: ${name}` }, visible(language)));
  }
  meta.append(element('bdi', {}, visible(id)));
  if (isExplained(article, 'any')) meta.append(element('span', { class: 'badge' }, 'explained'));
  words.append(meta);
  story.append(element('div', { class: 'published' }), words);
  return element(
    'article',
    { tabindex: '0', 'aria-labelledby': `t${article}`, 'data-article': article },
    story,
    element('div', { class: 'lists', role: 'grid', 'aria-label': 'Pictures by variant' }),
  );
}

/** A picture, or the reason why there is none. */
function picture(image) {
  const stored = pictures[image];
  if (stored.startsWith('!')) return element('span', { class: 'none' }, visible(stored.slice(1)));
  return element('img', { src: `data:image/webp;base64,${stored}`, alt: '', decoding: 'async', draggable: 'false' });
}

/** A probability in thousandths: "31 %", "< 1 %". */
function percent(thousandths) {
  return thousandths < 10 ? '< 1 %' : `${Math.round(thousandths / 10)} %`;
}

/** The facts about a picture in a list, for the card and for screen readers. */
function facts(image, rank, cosine, score, sure, variant) {
  const lines = [];
  if (rank) lines.push([`Rank ${rank}`, values.variants[variant].name]);
  if (cosine !== null) lines.push(['Cosine', (cosine / 1000).toFixed(3)]);
  if (score !== null) lines.push(['Revised score', score.toFixed(4)]);
  if (sure !== null) lines.push(['Confidence', percent(sure)]);
  lines.push(['Picture', visible(values.images[image])]);
  return lines;
}

function spoken(lines, image, isRight) {
  const why = pictures[image].startsWith('!') ? `cannot be shown: ${visible(pictures[image].slice(1))}` : '';
  return [isRight ? 'The right picture' : '', ...lines.map((line) => line.join(' ')), why].filter(Boolean).join(', ');
}

function shot(role, image, lines, isRight, why) {
  const frame = element('span', { class: 'frame' }, picture(image));
  const said = why ? [...lines, ...strongest(why).flatMap(([kind, own]) => [[kind], ...own])] : lines;
  const made = element('div', { class: isRight ? 'shot right' : 'shot', role, tabindex: '-1', 'aria-label': spoken(said, image, isRight) }, frame);
  made.card = { image, lines, isRight, why };
  made.classList.toggle('explained', Boolean(why));
  return made;
}

function published(article) {
  const image = values.articles[article][4];
  if (image < 0) return [element('p', { class: 'unknown' }, 'The right picture is not known.')];
  const made = shot('img', image, [['Picture', visible(values.images[image])]], true, whyOf(article, image));
  made.classList.remove('right');
  made.tabIndex = 0;
  return [made, element('p', { class: 'caption', 'aria-hidden': 'true' }, 'Published')];
}

/** "rank 3", "rank >100" or words, and how they are read out. */
function rankText(rank) {
  if (rank === null) return ['', '', ''];
  if (rank === 0) return ['', 'no list', 'No list'];
  if (rank < 0) return ['rank ', `>${-rank}`, `The right picture is not among the first ${-rank}`];
  return ['rank ', String(rank), `The right picture has rank ${rank}`];
}

/** How dual softmax moved the right picture: "↑4", or "↑" from beyond the list. */
function movement(variant, article) {
  const pair = values.pairs.find(([, revised]) => revised === variant);
  if (!pair || !isKnown(article)) return null;
  const [before, after] = pair.map((one) => place(one, article));
  if (before === after || !values.ranks[pair[0]][article] || !values.ranks[variant][article]) return null;
  const isUp = after < before;
  const by = Math.abs(before - after);
  const places = Number.isFinite(by) ? String(by) : '';
  const label = `moved ${isUp ? 'up' : 'down'}${places && ` by ${places}`}`;
  return element('span', { class: 'move', role: 'img', 'aria-label': label }, (isUp ? '↑' : '↓') + places);
}

function list(variant, article) {
  const { name, words } = values.variants[variant];
  const rank = values.ranks[variant][article];
  const [before, number, said] = rankText(rank);
  const moved = movement(variant, article);
  const written = element('span', { 'aria-hidden': 'true' }, before, element('b', {}, number));
  const place = element('span', { class: 'place' }, written, element('span', { class: 'said' }, said), ...(moved ? [moved] : []));
  const isHit = rank > 0 && rank <= TOP;
  const head = element('div', { class: isHit ? 'name hit' : 'name', role: 'rowheader' }, element('i', { class: 'chip' }), element('bdi', { title: visible(name) }, visible(name)), place);
  if (words) head.append(element('span', { class: 'does', title: visible(words) }, visible(words)));
  const none = values.none[variant]?.[article] ?? null;
  if (none !== null) head.append(element('span', { class: 'none-fits' }, `nothing fits: ${percent(none)}`));
  const strip = element('div', { class: 'strip', role: 'presentation' });
  const entries = values.lists[variant][article];
  const right = values.articles[article][4];
  for (let start = 0; start < entries.length; start += 4) {
    const [image, cosine, score, sure] = entries.slice(start, start + 4);
    const why = variant === 0 ? whyOf(article, image) : null; // the one that is explained
    const made = shot('gridcell', image, facts(image, start / 4 + 1, cosine, score, sure, variant), image === right, why);
    if (image === right) made.firstChild.append(element('b', { 'aria-hidden': 'true' }, String(start / 4 + 1)));
    strip.append(made);
  }
  const made = element('div', { class: 'list', role: 'row' }, head, strip);
  made.style.setProperty('--colour', values.variants[variant].colour);
  made.style.setProperty('--ink', values.variants[variant].ink);
  return made;
}

function fill(made) {
  if (made.filled) return;
  made.filled = true;
  const article = Number(made.dataset.article);
  made.querySelector('.published').replaceChildren(...published(article));
  const lists = made.querySelector('.lists');
  lists.replaceChildren(...chosen.map((variant) => list(variant, article)));
  const first = lists.querySelector('.shot');
  if (first) first.tabIndex = 0;
}

function empty(made) {
  if (!made.filled || made.contains(document.activeElement)) return;
  made.filled = false;
  made.querySelector('.published').replaceChildren();
  made.querySelector('.lists').replaceChildren();
}
