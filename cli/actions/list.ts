import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import {
  type ListedEngine,
  type ListedRun,
  listEngines,
  listStoredRuns,
  listSuites,
} from '../../harness/app/listings.js';
import { instructionsText } from '../../harness/model/native.js';
import { type HistoryLine, readHistory } from '../../harness/store/history.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';
import { printJson } from '../terminal.js';
import { datasetRows } from './dataset/list.js';

type Row = Record<string, string | number>;

const LISTS: Record<string, (context: CommandContext) => Promise<Row[]> | Row[]> = {
  engines: async () => (await listEngines()).map(engineRow),
  datasets: ({ cache }) => datasetRows(cache),
  suites: () => listSuites().map(({ path, description }) => ({ suite: path, description })),
  runs: ({ runs }) => listStoredRuns(runs).map(runRow),
  history: ({ runs }) => readHistory(runs).map(historyRow),
};

/** `vecproof list engines|datasets|suites|runs|history`. */
export async function listCommand(
  what: string,
  options: { json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const list = Object.hasOwn(LISTS, what) ? LISTS[what] : undefined;
  if (list === undefined) {
    throw new InputError('nothing of that name can be listed', {
      where: 'list',
      got: what,
      next: `use ${Object.keys(LISTS).join(', ')}`,
    });
  }
  const rows = await list(context);
  if (options.json === true) printJson(context.out, rows, 2);
  else context.out.write(rows.length === 0 ? `no ${what} yet\n` : table(rows));
  return EXIT.passed;
}

function engineRow({ name, capabilities, availability, instructions, image = '' }: ListedEngine): Row {
  const available = availability.state === 'available';
  const versions = available ? Object.entries(availability.versions) : [];
  return {
    engine: name,
    state: available ? 'available' : `missing: ${availability.next}`,
    packages: versions.map(([each, version]) => `${each} ${version}`).join(', '),
    code: instructions === undefined ? '' : instructionsText(instructions),
    image,
    index: Object.entries(capabilities.indexTypes)
      .map(([type, quantizations]) => `${type} (${quantizations.join(' ')})`)
      .join(', '),
    metrics: capabilities.metrics.join(' '),
  };
}

function runRow(run: ListedRun): Row {
  if (run.state === 'unreadable') {
    const reason = `cannot be read: ${run.reason.split('\n')[0]}`;
    return { run: run.id, suite: reason, dataset: '', trials: '', created: '' };
  }
  const { id, suite, datasets, trials, created } = run;
  return { run: id, suite, dataset: datasets.join(', '), trials, created };
}

function historyRow({ run, suite, started, outcome, verdicts }: HistoryLine): Row {
  const counts = Object.entries(verdicts).map(([state, count]) => `${count} ${state}`);
  return { run, suite, started, gates: outcome ?? 'not judged', verdicts: counts.join(', ') };
}
