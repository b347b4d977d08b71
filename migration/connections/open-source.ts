import { rm } from 'node:fs/promises';
import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import { temporaryFolder } from '../../common/temporary.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { ConnectedEngine, EngineDefinition } from '../../engines/contract/engine.js';
import type { Points, ReadAs } from '../../engines/contract/points.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { FILE } from '../files/definition.js';
import { openFiles } from '../files/open.js';
import { type Address, parseAddress } from './address.js';
import { type Details, fieldsOf, PARTITION, withDetails } from './details.js';
import { reach, requirePoints, type Surroundings } from './reach.js';
import { parametersText, requireReadable } from './read-as.js';
import { isTemplate } from './tenant-names.js';
import { withTenants } from './tenants.js';

/** A collection of the user's that is only read. */
export interface OpenSource {
  definition: EngineDefinition;
  engineVersion: string;
  /** For people: without credentials. */
  place: string;
  /** What the user said of the collection, as `?key=doc_id`; absent or empty: nothing. */
  parameters?: string | undefined;
  collection: Collection & { readonly points: Points };
  /** What people should know of how it is read, a sentence each. */
  notes?: readonly string[] | undefined;
  /** Names of all collections of the place. */
  list(): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * Opens a collection that is there. Nothing is made, changed or migrated in it.
 *
 * @throws InputError for an address that is none, an engine that keeps no whole points, a collection that is not named
 * @throws FailureError if the place cannot be reached or has no such collection
 */
export async function openSource(text: string, surroundings: Surroundings): Promise<OpenSource> {
  const address = parseAddress(text, engineNames());
  if (address.engine === FILE) return openFiles(address.address, surroundings);
  const definition = await loadEngine(address.engine);
  requirePoints(definition, text);
  const as = withPartition(address, text);
  requireReadable(definition, as, text);
  const folder = await temporaryFolder('source');
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    while (closing.length > 0) await closing.pop()!();
  };
  try {
    const { place, ...reached } = await reach(definition, address, surroundings);
    if (reached.server !== undefined) closing.push(() => reached.server!.stop());
    const connected = withTenants(
      await definition.connect(
        { ...reached.connect, folder, readOnly: true, threads: 1, seed: 0 },
        surroundings.signal,
      ),
      definition,
    );
    closing.push(() => connected.close());
    const opened = await openCollection(connected, definition, { ...address, as }, text);
    await requireFields(opened, definition, address.details, text);
    const collection = withDetails(opened, address.details, text);
    return {
      definition: isTemplate(address.collection) ? ofTenants(definition) : definition,
      engineVersion: await connected.version(),
      place,
      parameters: parametersText(address),
      collection,
      list: async () => (await connected.list?.()) ?? [],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Several collections are of no one moment, and have no ranges. */
function ofTenants(definition: EngineDefinition): EngineDefinition {
  const { capabilities } = definition;
  const points = {
    ...capabilities.points!,
    snapshot: { consistency: 'best-effort', reopens: false } as const,
  };
  return { ...definition, capabilities: { ...capabilities, points } };
}

/** The partition of each point, which no field has, is read by the engine as a tenant. */
function withPartition({ as, details }: Address, where: string): ReadAs {
  if (!fieldsOf(details).includes(PARTITION)) return as;
  if (as.tenant === undefined) return { ...as, tenant: PARTITION };
  throw new InputError(`${PARTITION} and a column with the tenant cannot be read together`, {
    where,
    next: `leave one of them out: ?tenant=${PARTITION} makes the partition the tenant`,
  });
}

/** Where all fields are declared, one that is not is misspelt: nothing would be read from it, without a word. */
async function requireFields(
  { points }: OpenSource['collection'],
  { capabilities: { metadata } }: EngineDefinition,
  details: Details,
  where: string,
): Promise<void> {
  const named = fieldsOf(details).filter((name) => name !== PARTITION);
  if (named.length === 0 || metadata?.undeclared !== 'refused') return;
  const known = (await points.describe()).fields.map(({ name }) => name);
  for (const name of named) {
    if (known.some((each) => each === name || name.startsWith(`${each}.`))) continue;
    throw new InputError(suggest(`there is no field "${name}"`, name, known), { where });
  }
}

async function openCollection(
  connected: ConnectedEngine,
  { title }: EngineDefinition,
  { engine, collection: name, as }: Address,
  where: string,
): Promise<OpenSource['collection']> {
  if (name === undefined || name === '') {
    const there = (await connected.list?.()) ?? [];
    throw new InputError('names no collection', {
      where: engine,
      next:
        there.length === 0
          ? 'there is none in this place'
          : `add one of ${there.map((each) => `#${each}`).join(', ')}`,
    });
  }
  const opened = await connected.open?.(name, as);
  if (opened?.points === undefined) throw new InputError(`${title} keeps no whole points`, { where });
  return opened as OpenSource['collection'];
}
