import { writeFileAtomic } from '../../common/files.js';
import { machineNumber, machinesOf } from '../model/machines.js';
import { type DatasetsManifest, type Environment, RUN_SCHEMA } from '../model/manifest.js';
import {
  type DatasetsResults,
  datasetsResultsSchema,
  type Results,
  type TrialRow,
} from '../model/results.js';
import type { RunFolder } from '../store/run-folder.js';

/**
 * The results of a run over several datasets: those of its parts side by side; no figure is pooled.
 * @param parts by name, in the order of the suite; at least one
 */
export function joinResults(
  manifest: DatasetsManifest,
  parts: readonly { name: string; results: Results }[],
): DatasetsResults {
  const first = parts[0]!.results;
  const last = parts.at(-1)!.results;
  const machines = machinesOf(parts.flatMap(({ results }) => results.machines ?? [results.environment]));
  const natives = parts.flatMap(({ results: { native } }) => (native === undefined ? [] : [native]));
  const runs = parts.map(({ results }) => results.run);
  const whole = parts.length === manifest.datasets.length;
  const unfinished = runs.find(({ state }) => state !== 'completed')?.state;
  return {
    schema: RUN_SCHEMA,
    run: {
      id: manifest.id,
      suite: manifest.suite.name,
      vecproof: manifest.vecproof,
      started: first.run.started,
      finished: whole ? last.run.finished : null,
      state: unfinished ?? (whole ? 'completed' : 'interrupted'),
      command: manifest.command,
    },
    datasets: parts.map(({ name, results }) => {
      const { run, dataset, queries, truth, warnings, parity } = results;
      const about = { name, run: run.id, state: run.state, dataset, queries, truth, warnings };
      return { ...about, ...(parity && { parity }) };
    }),
    ks: first.ks,
    environment: first.environment,
    ...(machines.length > 1 && { machines }),
    packages: Object.assign({}, ...parts.map(({ results }) => results.packages)),
    ...(natives.length > 0 && { native: Object.assign({}, ...natives) }),
    trials: parts.flatMap(({ results }) =>
      machines.length > 1 ? numbered(results, machines) : results.trials,
    ),
  };
}

/** Each part numbers its own machines. */
function numbered({ environment, machines: own, trials }: Results, all: readonly Environment[]): TrialRow[] {
  return trials.map((row) => {
    const where = own?.[(row.machine ?? 1) - 1] ?? environment;
    return { ...row, machine: machineNumber(all, where) };
  });
}

export function writeDatasetsResults(folder: RunFolder, results: DatasetsResults): void {
  writeFileAtomic(folder.results, `${JSON.stringify(datasetsResultsSchema.parse(results), null, 2)}\n`);
}
