import { join, resolve } from 'node:path';
import { engineNames } from '../../engines/registry.js';
import { isOnlyRead, parseAddress } from '../connections/address.js';
import { bundledData, sourceData } from '../rehearsal/data.js';
import { chosenFaults } from '../rehearsal/faults/catalogue.js';
import type { Rehearsal } from '../rehearsal/model.js';
import { DEFAULT_MIX } from '../rehearsal/operations.js';
import { openPlaces } from '../rehearsal/places.js';
import { rehearse } from '../rehearsal/rehearse.js';
import { type MigrationOptions, openPlan, surroundingsOf } from './migrate.js';

export interface RehearsePlanOptions extends MigrationOptions {
  faults: readonly string[];
  /** Where datasets that were read are kept. */
  cache: string;
  onProgress(words: string): void;
  onNotice(message: string): void;
}

const CLIENTS = 4;
const SOURCE_IN_FILES = 'pgvector';

/**
 * Rehearses the cutover of a plan. The plan's own collections are never written to; its source is read where the plan
 * wants its points.
 * @throws InputError for a plan with faults, or a fault that there is not
 */
export async function rehearsePlan(
  options: RehearsePlanOptions,
): Promise<{ rehearsal: Rehearsal; folder: string }> {
  chosenFaults(options.faults);
  const parsed = await openPlan(options);
  const { plan } = parsed;
  const surroundings = surroundingsOf(parsed, options);
  const folder = folderOf(plan.name, options.home);
  const { points, writes, reads, embeddingLag, mix, patience, seed } = plan.rehearse;
  const data =
    plan.rehearse.data === 'source'
      ? await sourceData(parsed.source, points, surroundings)
      : await bundledData(points, options.cache, surroundings.signal);
  const opened = await openPlaces(
    {
      source: { engine: engineOf(parsed.source), given: plan.rehearse.source, index: {} },
      target: { engine: engineOf(parsed.target), given: plan.rehearse.target, index: plan.map.index },
    },
    data,
    folder,
    surroundings,
    options.onNotice,
  );
  try {
    const rehearsal = await rehearse({
      name: plan.name,
      folder,
      places: opened.places,
      data,
      faults: options.faults,
      traffic: { writes, reads, embeddingLag, clients: CLIENTS, mix: { ...DEFAULT_MIX, ...mix } },
      seed,
      signal: surroundings.signal,
      patienceMs: patience * 1000,
      onProgress: options.onProgress,
    });
    return { rehearsal, folder };
  } finally {
    await opened.close();
  }
}

/** `.rehearsals/<plan>/<time>`. */
function folderOf(name: string, home: string): string {
  const time = new Date().toISOString().replace(/[-:]/g, '').slice(0, 15);
  return join(resolve(home), '.rehearsals', name, time);
}

/** An export or files stand for a collection that is nowhere any more: its side is rehearsed in PostgreSQL. */
function engineOf(place: string): string {
  const { engine } = parseAddress(place, engineNames());
  return isOnlyRead(engine) ? SOURCE_IN_FILES : engine;
}
