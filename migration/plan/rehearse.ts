import { join, resolve } from 'node:path';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { isOnlyRead, parseAddress } from '../connections/address.js';
import type { Surroundings } from '../connections/reach.js';
import { bundledData, type RehearsalData, sourceData } from '../rehearsal/data.js';
import { chosenFaults } from '../rehearsal/faults/catalogue.js';
import { makeMapping } from '../rehearsal/mapped.js';
import type { Rehearsal } from '../rehearsal/model.js';
import { DEFAULT_MIX } from '../rehearsal/operations.js';
import { openPlaces, type RehearsalPlace } from '../rehearsal/places.js';
import { recordedChanges, recordedQueries } from '../rehearsal/recorded.js';
import { rehearse } from '../rehearsal/rehearse.js';
import { edited, optionsOf } from './mapping-wishes.js';
import { type MigrationOptions, openPlan, surroundingsOf } from './migrate.js';
import type { ParsedPlan } from './parse.js';

export interface RehearsePlanOptions extends MigrationOptions {
  faults: readonly string[];
  /** Where datasets that were read are kept. */
  cache: string;
  onProgress(words: string): void;
  onNotice(message: string): void;
}

const CLIENTS = 4;
const TARGET = 'target';
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
  const at = (file: string) => resolve(surroundings.cwd, file);
  const { queries, changes } = plan.rehearse;
  const recorded = {
    queries: queries === undefined ? undefined : recordedQueries(at(queries), queries, data),
    changes: changes === undefined ? undefined : recordedChanges(at(changes), changes, data),
  };
  const opened = await openPlaces(
    {
      source: { engine: engineOf(parsed.source), given: plan.rehearse.source, index: {} },
      target: {
        engine: engineOf(parsed.target),
        given: plan.rehearse.target,
        index: plan.map.index,
        isMapped: plan.rehearse.mapping,
      },
    },
    data,
    folder,
    surroundings,
    options.onNotice,
  );
  try {
    const made = plan.rehearse.mapping
      ? await mappingOf(parsed, surroundings, folder, data, opened.places.target)
      : undefined;
    const rehearsal = await rehearse({
      name: plan.name,
      folder,
      places: opened.places,
      data: { ...data, leftOut: [...data.leftOut, ...(made?.losses ?? [])] },
      mapping: made?.files,
      recorded,
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

/** As the plan's own stage makes it, of the rows that are rehearsed. */
async function mappingOf(
  parsed: ParsedPlan,
  surroundings: Surroundings,
  folder: string,
  data: RehearsalData,
  { engine, collection }: RehearsalPlace,
) {
  return makeMapping({
    data,
    source: await loadEngine(engineOf(parsed.source)),
    target: await loadEngine(engine),
    place: `${engine}:./${TARGET}#${collection}`,
    options: { ...optionsOf({ parsed, surroundings, folder }), queries: undefined },
    edited: (mapping) => edited(mapping, parsed.plan.map),
    folder: join(folder, 'mapping'),
    signal: surroundings.signal,
  });
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
