import { InputError } from '../../../common/errors.js';
import type { QueryPart } from '../../assemble.js';
import { checkRatio } from '../../limits.js';
import type { VectorSource } from '../../source.js';
import type { FormatOptions, OpenedFile } from '../format.js';
import { idText } from '../ids.js';
import {
  ID_NAMES,
  looksLikeId,
  NEIGHBOR_NAMES,
  pickName,
  ROW_NUMBER,
  unknownColumn,
  VECTOR_NAMES,
} from '../names.js';
import { checkedNeighbors } from '../neighbors.js';
import { int32Table, npyFactsAt, npyValues } from '../npy/array.js';
import { numberType } from '../npy/header.js';
import { npySource, readNpyHeader } from '../npy/source.js';
import { openRandomAccess, type RandomAccess } from '../random-access.js';
import { inflateMember, memberRange, type ZipMember, zipMembers } from './zip.js';

const QUERY_NAMES = ['test', 'queries', 'query', 'query_vectors'];
const POINT_NAMES = ['train', 'base', ...VECTOR_NAMES, 'x', 'data', 'arr_0'];

/** An array of the archive, readable at any place. */
interface Member {
  name: string;
  file: RandomAccess;
  start: number;
  end: number;
  shape: number[];
  isNumbers: boolean;
}

/**
 * An archive of numpy arrays (`np.savez`, `np.savez_compressed`): a table of vectors, and where it has them a list of ids
 * (`ids`), queries (`test` or `queries`) and their neighbours (`neighbors`). Throws InputError.
 */
export async function openNpz(path: string, options: FormatOptions): Promise<OpenedFile> {
  const archive = openRandomAccess(path);
  const opened: RandomAccess[] = [archive];
  const close = () => {
    for (const file of opened) file.close();
  };
  try {
    const members: Member[] = [];
    const packed = zipMembers(archive);
    const unpacked = packed.filter(({ method }) => method !== 0).reduce((sum, { bytes }) => sum + bytes, 0);
    checkRatio(path, archive.size, unpacked);
    for (const member of packed) {
      if (member.name.endsWith('.npy'))
        members.push(await openMember(path, archive, member, options, opened));
    }
    return { ...layout(path, members, options), close };
  } catch (error) {
    close();
    throw error;
  }
}

async function openMember(
  path: string,
  archive: RandomAccess,
  member: ZipMember,
  options: FormatOptions,
  opened: RandomAccess[],
): Promise<Member> {
  const name = member.name.slice(0, -'.npy'.length);
  let file = archive;
  let range = { start: 0, end: member.bytes };
  if (member.method === 0) range = memberRange(archive, member);
  else if (member.method === 8) {
    file = openRandomAccess(await inflateMember(archive, member, options));
    opened.push(file);
  } else {
    throw new InputError(`"${name}" is packed in a way that is not read here (method ${member.method})`, {
      where: path,
      next: 'save it with np.savez or np.savez_compressed',
    });
  }
  const facts = npyFactsAt(file, `${path} ${name}`, range.start, range.end);
  return { name, file, ...range, shape: facts.shape, isNumbers: numberType(facts.descr) !== undefined };
}

function layout(path: string, members: readonly Member[], options: FormatOptions): OpenedFile {
  const tables = members.filter(({ shape, isNumbers }) => shape.length === 2 && isNumbers);
  const find = (names: readonly string[], among: readonly Member[]) => {
    const name = pickName(
      among.map((member) => member.name),
      names,
    );
    return among.find((member) => member.name === name);
  };
  const neighbors = find(NEIGHBOR_NAMES, tables);
  const queries = find(QUERY_NAMES, tables);
  const { vector, id, lenient } = options.columns ?? {};
  const rest = tables.filter((table) => table !== neighbors && table !== queries);
  const chosen = vector === undefined ? undefined : tables.find(({ name }) => name === vector);
  if (vector !== undefined && chosen === undefined && lenient !== true) {
    throw unknownColumn(
      path,
      vector,
      tables.map(({ name }) => ({ name, type: '' })),
      'vector',
    );
  }
  const table =
    chosen ??
    find(POINT_NAMES, rest) ??
    (rest.length === 1 ? rest[0] : undefined) ??
    (rest.length === 0 ? queries : undefined);
  if (table === undefined) throw noTable(path, members);
  const lists = members.filter(({ shape }) => shape.length === 1 && shape[0] === table.shape[0]);
  const ids = id === ROW_NUMBER ? undefined : find(id === undefined ? ID_NAMES : [id.toLowerCase()], lists);
  const vectors = source(path, table);
  if (ids === undefined && id !== ROW_NUMBER)
    refuseOtherIds(path, table, members, lenient === true ? undefined : id);
  const points = withIds(path, vectors, ids, id === ROW_NUMBER ? [] : lists);
  const own: QueryPart[] =
    queries === undefined || queries === table ? [] : [querySet(path, queries, neighbors, points.count)];
  return { points, querySets: own };
}

function source(path: string, { name, file, start, end }: Member): VectorSource {
  const called = `${path} ${name}`;
  const header = readNpyHeader(file, called, start, end);
  const plain = npySource({ file, header, name: called }, 'npz');
  return {
    ...plain,
    columns: { ...plain.columns, vector: `array "${name}" (${plain.columns.vector})` },
    reading: { format: 'npz', vector: name },
    // The archive is shared by its arrays and closed with the dataset.
    async close() {},
  };
}

/** Throws InputError for an array of ids that does not fit the vectors: row numbers in its place would be other ids. */
function refuseOtherIds(
  path: string,
  table: Member,
  members: readonly Member[],
  chosen: string | undefined,
): void {
  const name = pickName(
    members.map((member) => member.name),
    chosen === undefined ? ID_NAMES : [chosen.toLowerCase()],
  );
  const found = members.find((member) => member.name === name);
  if (found === undefined || found === table) return;
  throw new InputError(`the array "${found.name}" cannot hold the ids: it is not one value for each vector`, {
    where: path,
    got: `shape (${found.shape.join(', ')}) for ${table.shape[0]} vectors`,
    next: 'save one id for each vector in one dimension (ids.ravel()), or take row numbers: --id row-number',
  });
}

function withIds(
  path: string,
  vectors: VectorSource,
  ids: Member | undefined,
  lists: readonly Member[],
): VectorSource {
  if (ids === undefined) {
    const idCandidates = lists.map(({ name }) => name).filter(looksLikeId);
    return { ...vectors, columns: { ...vectors.columns, idCandidates } };
  }
  const where = `${path} ${ids.name}`;
  const values = npyValues(ids.file, where, ids.start, ids.end).map((value, i) =>
    idText(value, ids.name, () => `${where} row ${i}`),
  );
  return {
    ...vectors,
    columns: { ...vectors.columns, id: `array "${ids.name}"` },
    reading: [vectors.reading, { id: ids.name }],
    async *read(options) {
      for await (const batch of vectors.read(options)) {
        yield { ...batch, ids: values.slice(batch.start, batch.start + batch.count) };
      }
    },
    close: () => vectors.close(),
  };
}

function querySet(path: string, queries: Member, neighbors: Member | undefined, points: number): QueryPart {
  const part = { name: queries.name, source: source(path, queries) };
  if (neighbors === undefined) return part;
  return {
    ...part,
    async providedTruth() {
      const header = readNpyHeader(
        neighbors.file,
        `${path} ${neighbors.name}`,
        neighbors.start,
        neighbors.end,
      );
      if (header.count !== part.source.count) {
        return {
          state: 'unusable',
          reason: `"${neighbors.name}" has ${header.count} rows for ${part.source.count} queries`,
        };
      }
      return checkedNeighbors(int32Table(neighbors.file, header), header.dimensions, points, undefined);
    },
  };
}

function noTable(path: string, members: readonly Member[]): InputError {
  return new InputError('has no certain array of vectors', {
    where: path,
    got: members.map(({ name, shape }) => `${name} (${shape.join(', ')})`),
    next: 'choose one of its two-dimensional arrays of numbers with --vector (dataset.vector in a suite)',
  });
}
