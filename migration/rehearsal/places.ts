import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { LaunchedServer } from '../../engines/contract/server.js';
import { whyNotHeld } from '../../engines/kit/holds.js';
import { ownLabels } from '../../engines/launcher/labels.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { isOnlyRead, parseAddress } from '../connections/address.js';
import { requirePoints, type Surroundings } from '../connections/reach.js';
import type { RehearsalData } from './data.js';
import type { ScratchPlace, Side, WorkerConfig } from './protocol.js';

export interface RehearsalPlace extends ScratchPlace {
  index: WorkerConfig['index'][Side];
}

export interface PlaceRequest {
  /** Of the plan's side. */
  engine: string;
  /** `docker`, `engine:address`, or undefined: a folder of the rehearsal. */
  given: string | undefined;
  index: Readonly<Record<string, string | number | boolean>>;
  /** It holds what a mapping makes of the data, which says itself what the target cannot hold. */
  isMapped?: boolean | undefined;
}

export interface OpenPlaces {
  places: Record<Side, RehearsalPlace>;
  /** Ends the servers that were started. */
  close(): Promise<void>;
}

const THREADS = 2;

/**
 * Where the two scratch collections of a rehearsal are made; their names are new.
 * @throws InputError for an engine that has no folders where nothing was said, or that cannot hold the data
 */
export async function openPlaces(
  requests: Readonly<Record<Side, PlaceRequest>>,
  data: RehearsalData,
  folder: string,
  surroundings: Surroundings,
  onNotice: (message: string) => void,
): Promise<OpenPlaces> {
  const servers: LaunchedServer[] = [];
  const close = async () => {
    while (servers.length > 0) await servers.pop()!.stop();
  };
  try {
    const open = (side: Side) =>
      openPlace(side, requests[side], data, folder, surroundings, servers, onNotice);
    return { places: { source: await open('source'), target: await open('target') }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openPlace(
  side: Side,
  { engine: planned, given, index, isMapped }: PlaceRequest,
  data: RehearsalData,
  folder: string,
  { env, signal }: Surroundings,
  servers: LaunchedServer[],
  onNotice: (message: string) => void,
): Promise<RehearsalPlace> {
  const { engine, address } = placeOf(given, planned, side);
  const definition = await loadEngine(engine);
  requirePoints(definition, `rehearse.${side}`);
  const collection = `vecproof_rehearsal_${randomBytes(4).toString('hex')}`;
  const place = {
    engine,
    collection,
    index: indexOf(definition, index, isMapped === true ? undefined : data, side, collection),
  };
  if (address !== undefined) return { ...place, address };
  if (given === 'docker') {
    const request = {
      mode: 'docker',
      labels: ownLabels('rehearsal'),
      env,
      threads: THREADS,
      signal,
      onNotice,
    };
    const server = await definition.server?.load();
    if (server === undefined || definition.server?.modes.includes('docker') !== true)
      throw new InputError(`${definition.title} is no server`, { where: `rehearse.${side}`, got: given });
    await server.prepare(request);
    const launched = await server.launch(request);
    servers.push(launched);
    return { ...place, address: 'a container of the rehearsal', endpoint: launched.endpoint };
  }
  if (definition.local === undefined)
    throw new InputError(`${definition.title} keeps no collections in folders, and no server is named`, {
      where: `rehearse.${side}`,
      next: `write "docker", or ${engine}:<url> of a server on which a scratch collection may be made`,
    });
  return { ...place, address: join(folder, side) };
}

/** The engine of the plan, unless another one is named; an address only where one is. */
function placeOf(
  given: string | undefined,
  planned: string,
  side: Side,
): { engine: string; address?: string } {
  if (given === undefined || given === 'docker') return { engine: planned };
  if (!given.includes(':'))
    throw new InputError('names no place', {
      where: `rehearse.${side}`,
      got: given,
      next: 'write docker, or engine:address of a server on which a scratch collection may be made',
    });
  const { engine, address, collection } = parseAddress(given, engineNames());
  if (collection !== undefined || isOnlyRead(engine))
    throw new InputError('names no place for a scratch collection', {
      where: `rehearse.${side}`,
      got: given,
      next: 'write docker, or engine:address without a collection: a rehearsal makes its own, and removes it',
    });
  return address === '' ? { engine } : { engine, address };
}

function indexOf(
  definition: EngineDefinition,
  index: PlaceRequest['index'],
  data: RehearsalData | undefined,
  side: Side,
  name: string,
): RehearsalPlace['index'] {
  const wanted = Object.keys(index).length === 0 ? { type: 'flat' } : index;
  const parsed = definition.parseOptions({ index: wanted, search: {} });
  const where = `rehearse.${side}`;
  if (parsed.state === 'invalid')
    throw new InputError(parsed.issues.map(({ what }) => what).join('; '), { where });
  const reasons = data === undefined ? [] : whyNotHeld(definition, { ...data.spec, name });
  if (reasons.length > 0)
    throw new InputError(`cannot hold what is rehearsed: ${reasons.join('; ')}`, {
      where,
      next: 'rehearse with the bundled data: rehearse: { data: bundled }',
    });
  return parsed.index;
}
