// Selects the articles to show: titles folded for searching, and filters by rank.

const values = JSON.parse(document.getElementById('values').textContent);
const TOP = 10;

// Letters that no Unicode decomposition splits into a plain letter and a mark.
const LETTERS = { '\u00df': 'ss', '\u00e6': 'ae', '\u0153': 'oe', '\u00f8': 'o', '\u0142': 'l', '\u0111': 'd', '\u00f0': 'd', '\u00fe': 'th', '\u0131': 'i' };

/** Text without case and accents, with single spaces. */
function folded(text) {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replace(/[\u00df\u00e6\u0153\u00f8\u0142\u0111\u00f0\u00fe\u0131]/g, (letter) => LETTERS[letter])
    .replace(/\s+/g, ' ');
}

const haystacks = values.articles.map(([, title, english]) => folded(`${title}\n${english || ''}`));

/** Rank of the right picture, for comparing; beyond every list where it is not listed. */
function place(variant, article) {
  const rank = values.ranks[variant][article];
  return rank > 0 ? rank : Infinity;
}

const isKnown = (article) => values.articles[article][4] >= 0;
const isFound = (variant, article) => place(variant, article) <= TOP;

/** What is explained of an article, as `content.py` says; nothing where it is not. */
const explanationOf = (article) => values.explained[article];

function isExplained(article, side) {
  const explained = explanationOf(article);
  return explained !== undefined && (side === 'any' || explained[0] === side);
}

/** The test that an article has to pass, from the controls as they stand. */
function passes(controls) {
  const words = folded(controls.search.value).split(' ').filter(Boolean);
  const { outcome, found, missed, move, explained } = controls;
  const of = Number(controls.outcomeOf.value);
  const [before, after] = values.pairs[Number(controls.moveIn.value)] ?? [];
  const judges = outcome.value || found.value || missed.value || move.value;
  return (article) => {
    if (!words.every((word) => haystacks[article].includes(word))) return false;
    if (explained.value && !isExplained(article, explained.value)) return false;
    if (!judges) return true;
    if (!isKnown(article)) return false;
    if (outcome.value === 'first' && place(of, article) !== 1) return false;
    if (outcome.value === 'hit' && !isFound(of, article)) return false;
    if (outcome.value === 'miss' && isFound(of, article)) return false;
    if (found.value && !isFound(Number(found.value), article)) return false;
    if (missed.value && isFound(Number(missed.value), article)) return false;
    if (move.value === 'up') return place(after, article) < place(before, article);
    if (move.value === 'down') return place(after, article) > place(before, article);
    return true;
  };
}
