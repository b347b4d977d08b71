import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { EXIT, type ExitCode, InputError, messageOf } from '../../common/errors.js';
import { packageRoot } from '../../common/paths.js';
import { engineAvailabilities } from '../../engines/availability.js';
import { imageEntries } from '../../engines/launcher/images.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import type { DatasetsManifest } from '../../harness/model/manifest.js';
import { instructionsOf, instructionsText, type Native } from '../../harness/model/native.js';
import { readHistory } from '../../harness/store/history.js';
import {
  listRuns,
  type Part,
  partsOf,
  readDatasetsManifest,
  readManifest,
  runFolder,
} from '../../harness/store/run-folder.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';
import { datasetRows } from './dataset/list.js';

type Row = Record<string, string | number>;

const LISTS: Record<string, (context: CommandContext) => Promise<Row[]> | Row[]> = {
  engines: listEngines,
  datasets: datasetRows,
  suites: listSuites,
  runs: ({ runs }) => listedRuns(runs),
  history: ({ runs }) => listedHistory(runs),
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
  if (options.json === true) context.out.write(`${JSON.stringify(rows, null, 2)}\n`);
  else context.out.write(rows.length === 0 ? `no ${what} yet\n` : table(rows));
  return EXIT.passed;
}

async function listEngines(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, found] of await engineAvailabilities(engineNames())) {
    const { capabilities, packages } = await loadEngine(name);
    const types = Object.entries(capabilities.indexTypes).map(
      ([type, quantizations]) => `${type} (${quantizations.join(' ')})`,
    );
    const versions =
      found.state === 'available' ? packages.map((each) => `${each} ${found.versions[each]}`).join(', ') : '';
    const state = found.state === 'available' ? 'available' : `missing: ${found.next}`;
    rows.push({
      engine: name,
      state,
      packages: versions,
      code: found.state === 'available' ? codeText(found.native) : '',
      image: imageEntries()[name]?.image ?? '',
      index: types.join(', '),
      metrics: capabilities.metrics.join(' '),
    });
  }
  return rows;
}

/** Widest vector instructions of the engine's own native code. */
function codeText(native: Native | undefined): string {
  const found = native && instructionsOf(native);
  return found === undefined ? '' : instructionsText(found);
}

function listSuites(): Row[] {
  const folder = join(packageRoot, 'suites');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => {
      const suite = parse(readFileSync(join(folder, name), 'utf8')) as { name: string; description?: string };
      return { suite: `suites/${name}`, description: (suite.description ?? '').trim().replace(/\s+/g, ' ') };
    });
}

function listedHistory(runs: string): Row[] {
  return readHistory(runs).map(({ run, suite, started, outcome, verdicts }) => ({
    run,
    suite,
    started,
    gates: outcome ?? 'not judged',
    verdicts: Object.entries(verdicts)
      .map(([state, count]) => `${count} ${state}`)
      .join(', '),
  }));
}

function listedRuns(runs: string): Row[] {
  return listRuns(runs).map((id) => {
    try {
      const folder = runFolder(join(runs, id));
      const several = readDatasetsManifest(folder);
      if (several !== undefined) return severalRow(id, several, partsOf(folder)!);
      const manifest = readManifest(folder);
      const trials = manifest.plan.reduce((sum, build) => sum + build.trials.length, 0);
      return {
        run: id,
        suite: manifest.suite.name,
        dataset: manifest.dataset.name,
        trials,
        created: manifest.created,
      };
    } catch (error) {
      return {
        run: id,
        suite: `cannot be read: ${messageOf(error).split('\n')[0]}`,
        dataset: '',
        trials: '',
        created: '',
      };
    }
  });
}

/** Trials of the datasets whose measuring has begun. */
function severalRow(
  run: string,
  { suite, datasets, created }: DatasetsManifest,
  parts: readonly Part[],
): Row {
  const plans = parts.flatMap(({ folder }) => readManifest(folder).plan);
  return {
    run,
    suite: suite.name,
    dataset: datasets.map(({ name }) => name).join(', '),
    trials: plans.reduce((sum, build) => sum + build.trials.length, 0),
    created,
  };
}
