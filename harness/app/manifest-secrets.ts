import type { Redactor } from '../../common/redact.js';
import type { Manifest } from '../model/manifest.js';

/**
 * The manifest as it goes to disk: values of environment variables are `${NAME}` again. Ids and hashes stay as they
 * are: files and log lines are found by them, and ids are made without secrets.
 */
export function hideManifest(manifest: Manifest, redactor: Redactor): Manifest {
  return changed(manifest, redactor.json);
}

/** The opposite, for a run that is continued. */
export function revealManifest(stored: Manifest, redactor: Redactor): Manifest {
  return changed(stored, redactor.reveal);
}

function changed(manifest: Manifest, change: <T>(value: T) => T): Manifest {
  const { dataset, queries, plan, rebuilds, parity } = manifest;
  const builds = (given: Manifest['plan']) =>
    given.map((build) => ({
      ...change(build),
      id: build.id,
      trials: build.trials.map((trial) => ({ ...change(trial), id: trial.id })),
    }));
  return {
    ...change(manifest),
    id: manifest.id,
    dataset: { ...change(dataset), hash: dataset.hash },
    queries: { ...change(queries), hash: queries.hash },
    plan: builds(plan),
    ...(rebuilds && { rebuilds: builds(rebuilds) }),
    ...(parity && { parity }),
  };
}
