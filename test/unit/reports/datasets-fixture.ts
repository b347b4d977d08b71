import type { DatasetsManifest } from '../../../harness/model/manifest.js';
import type { Results } from '../../../harness/model/results.js';
import type { ReportInput } from '../../../reports/model.js';
import { fixture } from './fixture.js';

/** A run over several datasets, each with the same made-up figures but its own points. */
export function datasetsManifest(names: readonly string[]): DatasetsManifest {
  const { id, vecproof, created, suite } = fixture().manifest;
  const datasets = names.map((name) => ({ name, folder: `datasets/${name}` }));
  const command = 'npx vecproof run suites/several.yaml';
  const several = { ...suite, name: 'several' };
  return {
    schema: 1,
    id,
    vecproof,
    created,
    command,
    suite: several,
    suiteFile: '/s.yaml',
    options: {},
    datasets,
  };
}

/** The run on one of them. */
export function partInput(
  manifest: DatasetsManifest,
  name: string,
  count: number,
  more: Partial<Results> = {},
): ReportInput {
  const input = fixture({ series: ['usearch hnsw', 'hnswlib hnsw'] });
  const dataset = { ...input.manifest.dataset, name, count };
  const id = `${manifest.id}/datasets/${name}`;
  const trials = input.results.trials.map((row) => ({ ...row, dataset: name }));
  return {
    ...input,
    manifest: { ...input.manifest, id, suite: manifest.suite, dataset },
    results: { ...input.results, run: { ...input.results.run, id }, dataset, trials, ...more },
  };
}
