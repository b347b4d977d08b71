import { existsSync } from 'node:fs';
import { z } from 'zod';
import { writeFileAtomic } from '../../common/files.js';
import type { Evidence, ExactAnswer } from '../measures/parity-causes.js';
import { deviates, SCORE_FORMS } from '../measures/scores.js';
import { idSchema } from '../model/names.js';
import { EXACT, type Samples } from '../model/samples.js';
import { parseOr, readJson } from './read-json.js';
import { exactFiles, type RunFolder } from './run-folder.js';
import { emptySamples, readSamples, writeSamples } from './samples.js';

const number = z.number().nullable();

/** `samples/<trial>.exact.json`: what an exhaustive search on a trial's own build tells beside its answers. */
export const probeSchema = z.strictObject({
  schema: z.literal(1),
  trial: idSchema,
  /** Null: there was none; `note` says why. */
  search: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
  kind: z.enum(['scan', 'graph']),
  quantized: z.boolean(),
  /** Form of the engine's scores; null: not declared. */
  scores: z.enum(SCORE_FORMS).nullable(),
  /** Queries that were to be asked (those not answered with all exact neighbours), and those that were. */
  wanted: z.int(),
  asked: z.int(),
  note: z.string().nullable(),
  /** Exact neighbours that it did not return, each searched for by its own vector. */
  rows: z.array(
    z.strictObject({
      row: z.int(),
      found: z.boolean(),
      /** The engine's own score of the row to itself, and the harness's distance. */
      score: number,
      distance: z.number(),
    }),
  ),
  /** By query the rows of these that pass its filter, but are not found by their own vector under it. */
  excluded: z.array(z.strictObject({ query: z.int(), rows: z.array(z.int()) })).optional(),
});
export type Probe = z.infer<typeof probeSchema>;

export function writeProbe(folder: RunFolder, probe: Probe, hits: Samples | undefined): void {
  const { json, hits: path } = exactFiles(folder, probe.trial);
  if (hits !== undefined && hits.length > 0) writeSamples(path, hits);
  writeFileAtomic(json, `${JSON.stringify(probeSchema.parse(probe))}\n`);
}

export interface TrialEvidence {
  evidence: Evidence | undefined;
  /** Answers of the exhaustive search, with what fails the filter; undefined: there are none. */
  hits: Samples | undefined;
  /** What limits it. */
  note: string | undefined;
}

/** What was recorded to explain a trial's answers. Throws InputError if it is damaged. */
export async function readEvidence(folder: RunFolder, trial: string, k: number): Promise<TrialEvidence> {
  const { json, hits } = exactFiles(folder, trial);
  if (!existsSync(json))
    return { evidence: undefined, hits: undefined, note: `${trial}: no exhaustive search was recorded` };
  const probe = parseOr(probeSchema, readJson(json), json);
  const note = probe.note === null ? undefined : `${trial}: ${probe.note}`;
  if (probe.search === null) return { evidence: undefined, hits: undefined, note };
  // Where every query was answered with all exact neighbours there was nothing to ask.
  const answers = probe.asked === 0 ? emptySamples(0, k) : await readSamples(hits, k);
  return { evidence: evidenceOf(probe, answers), hits: answers, note };
}

/** Fewer queries say nothing of how an engine filters. */
const LEAST_SHORT = 3;

function evidenceOf(probe: Probe, hits: Samples): Evidence {
  const exact = new Map<number, ExactAnswer>();
  const wrong = new Set<number>();
  const form = probe.scores;
  for (let i = 0; i < hits.length; i++) {
    if (hits.error[i] !== null || hits.repetition[i] === EXACT.unfiltered) continue;
    const [from, to] = spanOf(hits, i);
    exact.set(hits.query[i]!, {
      rows: Array.from(hits.rows.subarray(from, to)),
      distances: Array.from(hits.distances.subarray(from, to)),
    });
    if (form === null) continue;
    for (let j = from; j < to; j++) {
      if (hits.rows[j]! >= 0 && deviates(hits.scores[j]!, hits.distances[j]!, form))
        wrong.add(hits.query[i]!);
    }
  }
  const rows = new Map(probe.rows.map((each) => [each.row, each]));
  const excluded = new Map(probe.excluded?.map(({ query, rows }) => [query, new Set(rows)]));
  return {
    exact: (query) => exact.get(query),
    kind: probe.kind,
    quantized: probe.quantized,
    deviates: (query) => wrong.has(query),
    excludes: (query, row) => excluded.get(query)?.has(row) === true,
    filtersAfter: filtersAfter(exact, hits),
    presence: (row) => {
      const found = rows.get(row);
      if (found === undefined) return undefined;
      if (!found.found) return 'missing';
      return form !== null && found.score !== null && deviates(found.score, found.distance, form)
        ? 'deviates'
        : 'found';
    },
  };
}

const spanOf = ({ k, returned }: Samples, i: number): [number, number] => [
  i * k,
  i * k + Math.max(0, returned[i]!),
];

/**
 * Whether each short answer under a filter holds exactly the hits of the answer without it that pass. A search that
 * filters on its way goes on until it has enough.
 */
function filtersAfter(exact: ReadonlyMap<number, ExactAnswer>, hits: Samples): boolean {
  let asked = 0;
  for (let i = 0; i < hits.length; i++) {
    if (hits.error[i] !== null || hits.repetition[i] !== EXACT.unfiltered) continue;
    const [from, to] = spanOf(hits, i);
    const rows = Array.from(hits.rows.subarray(from, to));
    const passing = rows.filter((_, j) => hits.flaws?.[from + j] === 0);
    const under = exact.get(hits.query[i]!)?.rows;
    if (under === undefined || under.length !== passing.length) return false;
    if (!passing.every((row) => under.includes(row))) return false;
    asked++;
  }
  return asked >= LEAST_SHORT;
}
