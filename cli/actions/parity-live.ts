import { dirname, resolve } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { visible } from '../../common/visible.js';
import { concludeRun } from '../../harness/app/conclude-run.js';
import { displayPath } from '../../harness/app/places.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import { readHistory } from '../../harness/store/history.js';
import { readMapping } from '../../migration/mapping/mapping.js';
import { type Compared, comparePlaces } from '../../migration/parity/compare.js';
import { defaultThresholds, readThresholds, type Thresholds } from '../../migration/parity/thresholds.js';
import { baselineSentence, gateSentence, lockSentence, markOf, verdictLines } from '../../reports/gates.js';
import { paritySentence, parityTable } from '../../reports/parity.js';
import type { CommandContext } from '../context.js';
import { gateExit } from '../exit-code.js';
import { writeReports } from '../reports.js';
import { table } from '../table.js';
import { printJson } from '../terminal.js';

export interface LiveCommand {
  queries?: string;
  mapping?: string;
  export?: string;
  lock?: string;
  requireLock?: boolean;
  vector?: string;
  required?: string[];
  sourceSearch: Record<string, unknown>;
  targetSearch: Record<string, unknown>;
  repeat?: number;
  warmup: number;
  seed: number;
  k?: number | undefined;
  json?: boolean;
}

/** `vecproof parity <source> <target> --queries …`: two places, asked the same, compared answer by answer and judged. */
export async function liveCommand(
  source: string,
  target: string | undefined,
  options: LiveCommand,
  context: CommandContext,
): Promise<ExitCode> {
  if (target === undefined)
    throw new InputError('the place of the target is missing', {
      next: 'write vecproof parity <source> <target> --queries …',
    });
  const thresholds = thresholdsOf(options, context);
  if (options.requireLock === true && thresholds.lock.state !== 'same') {
    const why =
      thresholds.lock.state === 'none'
        ? 'the thresholds are not locked'
        : `the thresholds are not those that were locked: ${thresholds.lock.changed.join('; ')}`;
    context.err.write(
      `${why}\n  next: vecproof lock ${options.lock ?? 'thresholds.yaml'}, before anything is compared\n`,
    );
    return EXIT.decisionAwaited;
  }
  const compared = await comparePlaces(requestOf(source, target, options, thresholds, context), context);
  const { run, judgement } = await concludeRun(compared.folder, {}, context);
  context.progress.end();
  writeReports(
    run,
    ['csv', 'html'],
    context,
    judgement.state === 'judged' ? readHistory(context.runs) : undefined,
  );
  if (judgement.state === 'failed') throw judgement.error;
  const verdicts = judgement.state === 'judged' ? judgement.verdicts : undefined;
  const parity = run.parts[0]!.derived.results.parity ?? [];
  if (options.json === true)
    printJson(context.out, { run: compared.folder.id, places: compared.live, parity, verdicts });
  else print(compared, parity, verdicts, context);
  return gateExit(verdicts);
}

function thresholdsOf({ lock, k, repeat }: LiveCommand, { cwd }: CommandContext): Thresholds {
  if (lock === undefined) return defaultThresholds(k, repeat);
  for (const [option, value] of [
    ['--k', k],
    ['--repeat', repeat],
  ] as const)
    if (value !== undefined)
      throw new InputError('is what the thresholds say', {
        where: option,
        got: value,
        next: `write it in ${lock}`,
      });
  return readThresholds(resolve(cwd, lock), lock);
}

function requestOf(
  source: string,
  target: string,
  options: LiveCommand,
  thresholds: Thresholds,
  { cwd }: CommandContext,
) {
  const { mapping, vector, required = [], warmup, seed } = options;
  const path = options.queries === undefined ? thresholds.queries : resolve(cwd, options.queries);
  if (path === undefined) throw new InputError('the queries are missing', { where: '--queries' });
  if (thresholds.queries !== undefined && thresholds.queries !== path)
    throw new InputError('are others than those of the thresholds', {
      where: '--queries',
      got: options.queries,
    });
  return {
    source,
    target,
    queries: { path, shown: options.queries ?? displayPath(path, cwd) },
    thresholds,
    mapping:
      mapping === undefined
        ? undefined
        : { ...readMapping(resolve(cwd, mapping)), folder: dirname(resolve(cwd, mapping)) },
    exported: options.export === undefined ? undefined : resolve(cwd, options.export),
    vector,
    required,
    search: { source: options.sourceSearch, target: options.targetSearch },
    warmup,
    seed,
  };
}

function print(
  { live }: Compared,
  parity: readonly Parameters<typeof paritySentence>[0][],
  verdicts: Verdicts | undefined,
  context: CommandContext,
): void {
  const { out } = context;
  const { queries, apart } = live;
  out.write(
    `${queries.compared} of ${queries.all} queries compared${apart.length === 0 ? '' : `, ${apart.length} set apart`}\n\n`,
  );
  for (const result of parity) {
    out.write(
      `${result.name}: ${paritySentence(result)}\n\n${table(parityTable({ ...result, rows: result.rows.slice(0, 1) }))}\n`,
    );
    for (const note of result.notes) context.err.write(`note: ${visible(note)}\n`);
  }
  if (verdicts === undefined) return;
  const blocks = verdicts.verdicts.flatMap((each) => verdictLines(each, markOf(each, verdicts.inconclusive)));
  const notes = [baselineSentence(verdicts), lockSentence(verdicts)].filter((note) => note !== undefined);
  const lines = [...blocks, '', ...notes, gateSentence(verdicts)];
  out.write(`${lines.map((line) => line.replace(/\p{Cc}/gu, ' ')).join('\n')}\n`);
}
