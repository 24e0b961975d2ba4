// The CSV that is exported, and read again to go on.

const COLUMNS = ['sheet', 'pair', 'rater', 'preference', 'left_score', 'right_score', 'rated_at'];
const PREFERENCES = ['left', 'right', 'equal', 'neither'];

const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** The name of a rater without what a spreadsheet would run, and in one line. */
function cleanName(name) {
  return name.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').replace(/^[\s=+\-@\uff1d\uff0b\uff0d\uff20']+/u, '').trim().slice(0, 200);
}

/** A line for each pair that has anything rated. */
function asTable(sheet, rater, records) {
  const rows = Object.entries(records).map(([pair, { preference, left, right, at }]) => [sheet, pair, rater, preference, left, right, at]);
  return [COLUMNS, ...rows].map((row) => row.map((cell) => quoted(String(cell ?? ''))).join(',')).join('\r\n') + '\r\n';
}

/** The rows of a text as lists of cells; quotes may hold line ends. */
function cellsOf(text, delimiter) {
  const rows = [[]];
  let [cell, isQuoted, start] = ['', false, true];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (isQuoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') [cell, at] = [`${cell}"`, at + 1];
      else isQuoted = false;
      continue;
    }
    if (sign === '"' && start) [isQuoted, start] = [true, false];
    else if (sign === delimiter || sign === '\n') {
      rows.at(-1).push(cell);
      if (sign === '\n') rows.push([]);
      [cell, start] = ['', true];
    } else if (sign !== '\r') [cell, start] = [cell + sign, false];
  }
  if (isQuoted) throw new Error('a quote is not closed: the file is not whole');
  rows.at(-1).push(cell);
  return rows;
}

/** The record of a row; the reason why it is none, as an error. */
function recordOf(cells, sheet, nPairs) {
  const row = Object.fromEntries(COLUMNS.map((name, place) => [name, cells[place].trim()]));
  const score = (cell) => {
    if (cell && !/^[1-5](\.0+)?$/.test(cell)) throw new Error(`a score is ${cell}, expected 1 to 5`);
    return cell ? Number(cell) : null;
  };
  if (row.sheet !== sheet) throw new Error('it is of another sheet');
  if (!/^[1-9]\d{0,6}$/.test(row.pair) || Number(row.pair) > nPairs) throw new Error(`there is no pair ${row.pair}`);
  if (row.preference && !PREFERENCES.includes(row.preference)) throw new Error(`preference is ${row.preference}`);
  if (row.rated_at && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(row.rated_at)) throw new Error(`rated_at is ${row.rated_at}`);
  const record = { preference: row.preference || null, left: score(row.left_score), right: score(row.right_score), at: row.rated_at };
  return [row.pair, record, row.rater];
}

/** What a CSV says: the rater, and the records by pair. Throws what is wrong, with the row. */
function fromTable(text, sheet, nPairs) {
  const plain = text.replace(/^\ufeff/, '');
  const [header] = plain.split(/\r?\n/, 1);
  const delimiter = [',', ';', '\t'].find((sign) => header.includes(sign)) ?? ',';
  const [names, ...rows] = cellsOf(plain, delimiter);
  const places = COLUMNS.map((name) => names.findIndex((one) => one.trim().toLowerCase() === name));
  const missing = COLUMNS.filter((_, place) => places[place] < 0);
  if (missing.length) throw new Error(`no column ${missing.join(', ')}`);
  const found = { rater: '', records: {} };
  rows.forEach((cells, number) => {
    if (cells.every((cell) => !cell.trim())) return;
    try {
      if (cells.length !== names.length) throw new Error(`${cells.length} cells, expected ${names.length}`);
      const [pair, record, rater] = recordOf(places.map((place) => cells[place]), sheet, nPairs);
      if (pair in found.records) throw new Error(`pair ${pair} is there twice`);
      if (found.rater && found.rater !== rater) throw new Error(`another rater, ${rater}`);
      found.records[pair] = record;
      found.rater = rater;
    } catch (error) {
      throw new Error(`row ${number + 2}: ${error.message}`);
    }
  });
  if (!Object.keys(found.records).length) throw new Error('no row');
  return found;
}
