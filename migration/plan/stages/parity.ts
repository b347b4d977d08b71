import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { keepSecrets } from '../../../common/secrets.js';
import type { PointId } from '../../../engines/contract/ids.js';
import { engineNames } from '../../../engines/registry.js';
import { concludeRun } from '../../../harness/app/conclude-run.js';
import type { Context } from '../../../harness/app/context.js';
import type { ParityResult } from '../../../harness/model/results.js';
import type { Verdicts } from '../../../harness/model/verdict.js';
import { isOnlyRead, parseAddress } from '../../connections/address.js';
import { readMapping } from '../../mapping/mapping.js';
import { comparePlaces } from '../../parity/compare.js';
import type { LiveRecord } from '../../parity/live.js';
import { defaultThresholds, readThresholds } from '../../parity/thresholds.js';
import type { Decision } from '../events.js';
import { hashOf } from '../hash.js';
import type { ParsedPlan } from '../parse.js';
import type { Report, Stage, StageResult, Work } from '../stage.js';
import { countWords } from '../words.js';
import { captureBegan, writtenSince } from '../written.js';
import { exportFolder } from './export.js';
import { MAPPING } from './map.js';

const RESULT = 'parity.json';
const RUNS = 'runs';

/** What the stage has found; the run's folder holds every answer. */
interface Found {
  run: string;
  places: LiveRecord;
  parity: readonly ParityResult[];
  verdicts: Verdicts | undefined;
}

/** What is compared: the source as of its export, or as it is now. */
interface Asked {
  /** File below the folder that the result is written to. */
  result: string;
  exported: string | undefined;
  /** Ids that were written since then; undefined: nobody writes. */
  written?: (() => Promise<ReadonlySet<PointId>>) | undefined;
  /** Both sides are asked once more later: it may be that nothing can be said yet. */
  isEarly?: boolean;
}

/** Asks both sides the application's queries, and judges the answers. */
export async function askBothSides(
  work: Work,
  { result, exported, written, isEarly = false }: Asked,
): Promise<StageResult> {
  const { parsed, path } = work;
  const { queries } = parsed.plan;
  if (queries === undefined)
    return notCompared(
      work,
      { result, why: NO_QUERIES },
      'the plan names no queries: whether the target finds what the source finds is not compared',
      'name a query file in "queries" ("vecproof queries import" makes one of a log), or say why not',
    );
  if (isOnlyRead(parseAddress(parsed.source, engineNames()).engine))
    return notCompared(
      work,
      { result, why: NO_SEARCHES },
      'the source is files, which answer no searches: whether the target finds what it should is not compared',
      'measure the target by a suite whose dataset is the export, or say why not',
    );
  if (readMapping(path(MAPPING)).mapping.ids.how === 'tenant')
    return notCompared(
      work,
      { result, why: SAME_IDS },
      'tenants have the same ids, so which of their points an answer has cannot be told: whether the target finds what the source finds is not compared',
      'compare the collection of one tenant at a time with "vecproof parity", or say why not',
    );
  const context = contextOf(work);
  const { folder, live } = await comparePlaces({ ...requestOf(work, queries), exported, written }, context);
  const { run: derived, judgement } = await concludeRun(folder, {}, context);
  work.onRun(derived);
  if (judgement.state === 'failed') throw judgement.error;
  const verdicts = judgement.state === 'judged' ? judgement.verdicts : undefined;
  const parity = derived.parts[0]!.derived.results.parity ?? [];
  const found: Found = { run: folder.id, places: live, parity, verdicts };
  writeFileAtomic(path(result), `${JSON.stringify(parsed.redactor.json(found), undefined, 2)}\n`);
  const evidence = [result, `${RUNS}/${folder.id}/results.json`, `${RUNS}/${folder.id}/verdicts.json`];
  const { all, compared } = live.queries;
  if ((live.written ?? []).length > 0 && compared < LEAST_SHARE * all)
    return isEarly
      ? { state: 'done', evidence, decisions: [] }
      : {
          state: 'failed',
          waits: true,
          evidence,
          problem: `${compared} of ${countWords(all, 'query', 'queries')} could be judged: rows of the others’ answers were written while they were asked; look again at a quieter moment`,
        };
  const failed = (verdicts?.verdicts ?? []).filter(
    ({ state, level }) => level === 'error' && state !== 'pass',
  );
  if (verdicts?.outcome === 'passed') return { state: 'done', evidence, decisions: [] };
  const words = failed.map(({ name, found: figure, message }) =>
    `${name} (found ${figure}) ${message}`.trim(),
  );
  return { state: 'failed', evidence, problem: `thresholds are not met: ${words.join('; ')}` };
}

/** Of the queries, that have to be judged for a verdict about the two sides. */
export const LEAST_SHARE = 0.5;

const NO_QUERIES = 'the plan names no queries';
const NO_SEARCHES = 'the source is files';
const SAME_IDS = 'tenants have the same ids';

/** Without queries of the application, or a source that answers them, nobody knows whether it finds the same: somebody has to answer for that. */
function notCompared(
  { path, parsed }: Work,
  { result, why }: { result: string; why: string },
  words: string,
  remedy: string,
): StageResult {
  writeFileAtomic(path(result), `${JSON.stringify({ run: null, why })}\n`);
  const decision: Decision = {
    id: 'without-parity',
    subject: hashOf({ withoutParity: parsed.plan.source, to: parsed.plan.target }),
    words,
    details: [remedy],
  };
  return { state: 'done', evidence: [result], decisions: [decision] };
}

function requestOf(work: Work, queries: string): Parameters<typeof comparePlaces>[0] {
  const { parsed, surroundings, path, folder } = work;
  const { thresholds, k, repeat, vector, required, sourceSearch, targetSearch, warmup, seed } =
    parsed.plan.parity;
  const at = (file: string) => resolve(surroundings.cwd, file);
  return {
    source: parsed.source,
    target: parsed.target,
    queries: { path: at(queries), shown: queries },
    thresholds:
      thresholds === undefined ? defaultThresholds(k, repeat) : readThresholds(at(thresholds), thresholds),
    mapping: { ...readMapping(path(MAPPING)), folder },
    vector,
    required,
    search: { source: sourceSearch, target: targetSearch },
    warmup,
    seed,
  };
}

/** The run's folder is one of the migration's own. */
function contextOf({ path, surroundings, onProgress, onNotice }: Work): Context {
  return {
    ...surroundings,
    runs: path(RUNS),
    cache: path(RUNS, '.cache'),
    onEvent: (event) => {
      if (event.type === 'preparation') onProgress(event.done, event.total);
      if (event.type === 'notice' || event.type === 'warning') onNotice(event.message);
    },
    hide: keepSecrets,
  };
}

function reportOf({ run: id, places, parity, verdicts }: Found, path: Work['path']): Report {
  const { queries, apart, written = [], warnings } = places;
  const verdictRows = (verdicts?.verdicts ?? []).map(({ name, level, state, expected, found }) => [
    state,
    name,
    expected,
    found,
    level,
  ]);
  // A threshold that only warns holds nothing up: it is named in the same breath as what it does not hold up.
  const warned = (verdicts?.verdicts ?? [])
    .filter(({ state }) => state !== 'pass')
    .map(
      ({ name, found, state }) =>
        `${name}, found ${found}${state === 'inconclusive' ? ' (inconclusive)' : ''}`,
    );
  const passed = verdictRows.length - warned.length;
  const few = queries.compared < LEAST_SHARE * queries.all && written.length > 0;
  return {
    says: few
      ? `${queries.compared} of ${countWords(queries.all, 'query', 'queries')} could be judged, as rows of the others’ answers were written meanwhile: too few for a verdict`
      : `${queries.compared} of ${countWords(queries.all, 'query', 'queries')} compared, ${passed} of ${countWords(verdictRows.length, 'threshold')} met${warned.length === 0 ? '' : `; only warned of: ${warned.join('; ')}`}`,
    figures: [
      { term: 'queries compared', value: queries.compared, detail: `of ${queries.all}` },
      {
        term: 'set apart',
        value: apart.length,
        detail: 'points of their right answers are not in the target',
      },
      ...(written.length === 0
        ? []
        : [
            {
              term: 'not judged',
              value: written.length,
              detail: 'rows of their answers were written while they were asked',
            },
          ]),
      ...parity.map((each) => ({
        term: `kept (${each.name})`,
        value: keptOf(each),
        detail: `of the first ${each.k} hits`,
      })),
    ],
    tables: [
      {
        title: 'Thresholds',
        open: true,
        columns: ['verdict', 'threshold', 'expected', 'found', 'level'],
        rows: verdictRows,
      },
      { title: 'Mind', open: true, columns: ['what'], rows: warnings.map((each) => [each]) },
      {
        title: 'By group',
        columns: ['comparison', 'group', 'kept', 'queries'],
        rows: parity.flatMap(({ name, rows }) =>
          rows.map(({ group, measures }) => [
            name,
            group,
            percent(measures['parity.kept']?.value),
            measures['parity.kept']?.n ?? 0,
          ]),
        ),
      },
      { title: 'Every answer', columns: ['run'], rows: [[join(path(RUNS), id)]] },
    ].filter(({ rows }) => rows.length > 0),
    links: [{ words: 'report of the run', file: `${RUNS}/${id}/report.html` }],
  };
}

function keptOf({ state, rows, reason }: ParityResult): string {
  return state === 'absent' ? (reason ?? 'not compared') : percent(rows[0]?.measures['parity.kept']?.value);
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${(share * 100).toFixed(1)}%`;
}

/** Of a result that `askBothSides` has written. */
export function reportOfAsked({ path }: Work, result: string): Report {
  const found = JSON.parse(readRegularText(path(result), MOST_RECORD)) as Found | { run: null; why?: string };
  return found.run === null
    ? { says: `nothing was asked: ${found.why ?? NO_QUERIES}`, figures: [] }
    : reportOf(found as Found, path);
}

export function askedInputs({ source, target, plan, files }: ParsedPlan): Record<string, unknown> {
  const { queries, thresholds } = files;
  return { source, target, parity: plan.parity, queries, thresholds };
}

export function askedThresholds({ plan, files }: ParsedPlan): Record<string, unknown> {
  return { thresholds: files.thresholds, k: plan.parity.k };
}

/** The source has moved on since its export; the target has not yet. */
function sinceCapture(work: Work): Pick<Asked, 'written' | 'isEarly'> {
  if (work.parsed.plan.cutover === undefined) return {};
  return { written: () => writtenSince(work, captureBegan(work)), isEarly: true };
}

export const parityStage: Stage = {
  name: 'parity',
  title: 'Parity',
  does: 'asks both sides the application’s queries, and compares and judges the answers',
  entry: 'source and target hold the same points',
  exit: 'every threshold is met: recall by group, no leaks, no lost hits, required fields, latency',
  reads: ['export', 'map', 'load'],
  inputs: askedInputs,
  locked: askedThresholds,
  output: [RESULT],
  run: (work) => askBothSides(work, { result: RESULT, exported: exportFolder(work), ...sinceCapture(work) }),
  report: (work) => reportOfAsked(work, RESULT),
};
