import { FailureError } from '../../common/errors.js';
import type { CollectionSpec, Hits, Parameters, PreparedSearch } from '../engine.js';
import { requireDimensions } from '../load.js';
import type { Row, Session } from './client.js';
import { vectorParameter } from './copy.js';
import { type Statements, searchSettings } from './sql.js';

/** Where a search works: a connection of its own on a server, so that no setting leaks into another. */
export interface SearchPlace {
  session: Session;
  close(): Promise<void>;
  /** Index that must answer; undefined for flat. */
  index: string | undefined;
  /** Unique among the statements of the connection. */
  statement: string;
}

/** Parses the statement once and makes sure that the planner answers it from the index. */
export async function prepareSearch(
  place: SearchPlace,
  statements: Statements,
  spec: CollectionSpec,
  search: Parameters,
  k: number,
): Promise<PreparedSearch> {
  const { session, statement } = place;
  for (const setting of searchSettings(spec, search)) await session.query(setting);
  const run = await session.prepare(statement, statements.search(search, k));
  const probe = new Float32Array(spec.dimensions).fill(1);
  await run(vectorParameter(probe));
  await requirePlan(session, statement, place.index, probe);
  let open = true;
  return {
    effective: effective(spec, search),
    query: async (vector) => {
      if (!open) throw new FailureError('the search was closed', { where: 'pgvector' });
      requireDimensions('pgvector', vector, spec.dimensions);
      return hits(await run(vectorParameter(vector)));
    },
    close: async () => {
      open = false;
      await place.close();
    },
  };
}

function hits(rows: readonly Row[]): Hits {
  const keys = new Uint32Array(rows.length);
  const scores = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const [key, distance] = rows[i]!;
    keys[i] = Number(key);
    scores[i] = distance === null ? Number.NaN : Number(distance);
  }
  return { keys, scores };
}

/** The planner falls back to a scan without a word, for instance when the operator is not the index's. */
async function requirePlan(
  session: Session,
  statement: string,
  index: string | undefined,
  probe: Float32Array,
): Promise<void> {
  const rows = await session.query(`EXPLAIN EXECUTE "${statement}" ('[${probe.join(',')}]')`);
  const plan = rows.map(([line]) => line).join('\n');
  const used = /Index Scan using "?([^\s"]+)"? on/.exec(plan)?.[1];
  if (used === index) return;
  const what =
    index === undefined
      ? 'the search uses an index where it should compare all points'
      : 'the planner would not use the vector index';
  throw new FailureError(what, {
    where: 'pgvector',
    got: plan,
    next: 'this is a fault of vecparity: report it',
  });
}

/** More probes than lists work as all lists; a graph search ranks again only what it has found. */
function effective({ index }: CollectionSpec, search: Parameters): Parameters {
  const { nprobe, ef, candidates, iterativeScan } = search;
  const found = candidates !== undefined && ef !== undefined && (iterativeScan ?? 'off') === 'off';
  return {
    ...search,
    ...(nprobe !== undefined && { nprobe: Math.min(Number(nprobe), Number(index['nlist'])) }),
    ...(found && { candidates: Math.min(Number(candidates), Number(ef)) }),
  };
}
