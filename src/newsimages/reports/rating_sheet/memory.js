// What is rated, kept in the browser where it lets itself be kept, under the sheet's own id.

const values = JSON.parse(document.getElementById('values').textContent);
const KEPT_AS = `newsimages-rating-${values.id}`;

/** rater; records by pair: preference, left and right (scores), at (time); pair: the one that is shown. */
let state = { rater: '', records: {}, pair: 1 };
let isKept = true;

/** A kept state, as far as it is one; anything else in its place is as good as none. */
function checked(kept) {
  const clean = { rater: cleanName(String(kept?.rater ?? '')), records: {}, pair: 1 };
  const cell = (value) => String(value ?? '');
  for (const [pair, record] of Object.entries(kept?.records ?? {})) {
    try {
      const cells = [values.id, pair, '', cell(record.preference), cell(record.left), cell(record.right), cell(record.at)];
      clean.records[pair] = recordOf(cells, values.id, values.pairs.length)[1];
    } catch {} // no record of this sheet
  }
  if (Number.isInteger(kept?.pair)) clean.pair = Math.min(Math.max(kept.pair, 1), values.pairs.length + 1);
  return clean;
}

function remember() {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    if (kept) state = checked(JSON.parse(kept));
  } catch (error) {
    isKept = error instanceof SyntaxError; // else the browser refuses
  }
  keep();
}

function keep() {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(state));
    isKept = true;
  } catch {
    isKept = false;
  }
}
