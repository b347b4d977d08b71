import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { parseSize } from '../../../harness/suite/schema.js';
import { loadExport } from '../../load/load.js';
import type { QueryPlan } from '../../load/query-plans.js';
import { type Reject, readRejects } from '../../load/rejects.js';
import type { LoadState } from '../../load/state.js';
import { readMapping } from '../../mapping/mapping.js';
import { dropCollection } from '../drop.js';
import type { Decision } from '../events.js';
import { putAside } from '../folder.js';
import { hashOf } from '../hash.js';
import type { Stage, StageResult, Table, Work } from '../stage.js';
import { countWords } from '../words.js';
import { exportFolder } from './export.js';
import { MAPPING } from './map.js';

const FOLDER = 'load';
export const STATE = `${FOLDER}/load.json`;
const PLANS = `${FOLDER}/plans.json`;
const SHOWN = 20;

async function run(work: Work): Promise<StageResult> {
  const old = earlier(work);
  if (old !== undefined) {
    const decision = replacement(old);
    const inTheWay = old.place === work.parsed.target && old.collection === 'made';
    if (inTheWay && !work.accepted.has(decision.subject))
      return { state: 'blocked', evidence: [], decisions: [decision] };
    if (inTheWay) {
      await dropCollection(old.place, old.madeBy, work.surroundings);
      work.onNotice(`dropped the collection of the earlier load: ${old.place}`);
    }
    putAside(work.folder, [FOLDER]);
  }
  const { surroundings, parsed, path, onProgress, onNotice } = work;
  const { batch, batchBytes, workers, rate } = parsed.plan.load;
  const known = readRejects(path(FOLDER)).rejects.filter(({ accepted }) => accepted === undefined);
  const loaded = await loadExport({
    ...surroundings,
    acceptRejects: known.length === 0 ? undefined : work.accepted.get(rejection(known).subject)?.reason,
    source: exportFolder(work),
    mapping: path(MAPPING),
    state: path(FOLDER),
    batchPoints: batch,
    batchBytes: batchBytes === undefined ? undefined : parseSize(batchBytes),
    workers,
    rate,
    onProgress,
    onNotice,
  });
  if (loaded.state === 'undecided')
    return { state: 'failed', evidence: [], problem: 'losses are not accepted; look at the mapping again' };
  const { rejects } = loaded;
  writeFileAtomic(path(PLANS), `${JSON.stringify(loaded.plans, undefined, 2)}\n`);
  if (loaded.state === 'loaded') return { state: 'done', evidence: [STATE], decisions: [] };
  return { state: 'blocked', evidence: [], decisions: [rejection(rejects)] };
}

/** Points that the target refuses are written again by the same command, or left out if somebody answers for it. */
function rejection(rejects: readonly Reject[]): Decision {
  const [first] = rejects;
  return {
    id: 'rejects',
    subject: hashOf(rejects.map(({ row, id, idType }) => ({ row, id, idType }))),
    words: `the target refuses ${countWords(rejects.length, 'point')}; the first is id ${first?.id}: ${first?.cause}`,
    details: [
      'all of them are in load/rejects.parquet; correct the cause and add --again load, or leave them out knowingly',
    ],
  };
}

/** A load that this one cannot continue: of other points, by another mapping, or in doubt; undefined: there is none. */
function earlier({ path, parsed, doubtedAt }: Work): LoadState | undefined {
  if (!existsSync(path(STATE))) return undefined;
  const state = readState(path(STATE), parsed.target);
  const { mapping, hash } = readMapping(path(MAPPING));
  const same = state.sum === mapping.source.sum && state.mapping === hash && state.place === parsed.target;
  const doubted = doubtedAt !== undefined && state.startedAt < doubtedAt;
  return same && !doubted ? undefined : state;
}

/** One that was damaged tells nothing but that there was a load, by the plan into its target. */
function readState(path: string, target: string): LoadState {
  const text = readRegularText(path, MOST_RECORD);
  try {
    return JSON.parse(text) as LoadState;
  } catch {
    const damaged = {
      version: 2,
      sum: '',
      mapping: hashOf(text),
      startedAt: '',
      rows: 0,
      finished: [],
      begun: [],
      leftOut: 0,
    } as const;
    return { ...damaged, madeBy: '', place: target, collection: 'made', state: 'loading' };
  }
}

function replacement({ sum, mapping, place, startedAt, rows }: LoadState): Decision {
  return {
    id: 'replace-target',
    subject: hashOf({ sum, mapping, place, startedAt }),
    words: `the collection that this migration has loaded before is dropped and made again: ${place}`,
    details: [
      `it was begun ${startedAt === '' ? 'before' : `at ${startedAt}`}, of other points, by another mapping, or with a result that is in doubt; ${rows} points were loaded`,
      'what others have written to it since is lost; or give the plan another target',
    ],
  };
}

/** None of an older load. */
function plansIn(path: string): QueryPlan[] {
  return existsSync(path) ? (JSON.parse(readRegularText(path, MOST_RECORD)) as QueryPlan[]) : [];
}

function planTable(plans: readonly QueryPlan[]): Table[] {
  if (plans.length === 0) return [];
  return [
    {
      title: 'How the target answers the filters of the queries',
      columns: ['group', 'filter', 'queries', 'by'],
      rows: plans.map(({ group, shape, queries, plan }) => [group, shape, queries, plan ?? 'not told']),
    },
  ];
}

export const loadStage: Stage = {
  name: 'load',
  title: 'Load',
  does: 'writes the points into a new collection; each is read back before the cursor moves',
  entry: 'each loss is accepted; there is no such collection yet',
  exit: 'every point was read back as the mapping wants it; the target counts as many; its index is ready',
  reads: ['export', 'map'],
  inputs: ({ target }) => ({ target }),
  output: [FOLDER],
  keepsOutput: true,
  run,
  report: ({ path, parsed }) => {
    const { rows, startedAt } = JSON.parse(readRegularText(path(STATE), MOST_RECORD)) as LoadState;
    const { rejects } = readRejects(path(FOLDER));
    const plans = plansIn(path(PLANS));
    const refused = rejects.length === 0 ? '' : `, ${rejects.length} were refused`;
    return {
      says: `${countWords(rows, 'point')} loaded and read back${refused}`,
      figures: [
        { term: 'rows done', value: rows, detail: `since ${startedAt}` },
        { term: 'refused', value: rejects.length },
        { term: 'target', value: parsed.target },
      ],
      tables: [
        ...planTable(plans),
        ...(rejects.length === 0
          ? []
          : [
              {
                title: 'Refused points',
                open: true,
                columns: ['row', 'id', 'cause'],
                rows: rejects.slice(0, SHOWN).map(({ row, id, cause }) => [row, id, cause]),
              },
            ]),
      ],
    };
  },
};
