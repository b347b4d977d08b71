import { InputError } from '../../common/errors.js';
import { ID_NAMES, pickName } from '../../datasets/formats/names.js';
import { idOf } from './points.js';
import type { FileRows, Row } from './rows.js';

/** Vectors with the metadata of a second file: row by row, or by their own ids where the first file has some. */
export function withMetadata(vectors: FileRows, metadata: FileRows): FileRows {
  const joined = {
    ...vectors,
    format: `${vectors.format} with ${metadata.format}`,
    files: [...vectors.files, ...metadata.files],
    absence: metadata.absence,
    notes: [...vectors.notes, ...metadata.notes],
  };
  const { id } = vectors.hints;
  if (id !== undefined) return { ...joined, read: () => byId(vectors, metadata, id) };
  const { rowNumbers: _, ...hints } = vectors.hints;
  return {
    ...joined,
    hints,
    declared: new Map([...metadata.declared, ...vectors.declared]),
    read: () => byRow(vectors, metadata),
  };
}

async function* byRow(vectors: FileRows, metadata: FileRows): AsyncGenerator<Row> {
  const described = metadata.read();
  try {
    let number = 0;
    for await (const { place, record } of vectors.read()) {
      const next = await described.next();
      if (next.done === true)
        throw new InputError(`has no row for each vector: it ends after ${number}`, {
          where: metadata.files[0],
          next: 'give one row for every vector, in the same order',
        });
      number++;
      const { value } = next;
      yield { place: () => `${place()} (${value.place()})`, record: { ...value.record, ...record } };
    }
    if ((await described.next()).done !== true)
      throw new InputError(`has more rows than there are vectors (${number})`, {
        where: metadata.files[0],
        next: 'give one row for every vector, in the same order',
      });
  } finally {
    await described.return(undefined);
  }
}

/** The metadata is held in memory. Without a column of ids its rows are those of the ids 0, 1, … */
async function* byId(vectors: FileRows, metadata: FileRows, id: string): AsyncGenerator<Row> {
  const records = new Map<string, Row>();
  let number = 0;
  for await (const row of metadata.read()) {
    const column = pickName(Object.keys(row.record), [id, ...ID_NAMES]);
    const key = column === undefined ? BigInt(number) : idOf(row.record[column], column, row.place);
    const { [column ?? '']: _, ...record } = row.record;
    if (records.has(String(key)))
      throw new InputError('has the same id as a row before', {
        where: row.place(),
        got: String(key),
        next: 'give one row for each id',
      });
    records.set(String(key), { ...row, record });
    number++;
  }
  for await (const { place, record } of vectors.read()) {
    const described = records.get(String(record[id]));
    yield { place, record: described === undefined ? record : { ...described.record, ...record } };
  }
}
