import { InputError } from '../../common/errors.js';
import { faultText, placeFault } from '../../common/faults.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { EXPORT, parseAddress } from '../connections/address.js';
import { requirePoints } from '../connections/reach.js';
import { type OpenExport, openExport } from '../export/reader.js';
import { lossesOf, unaccepted } from './losses.js';
import type { Loss, Mapping } from './mapping.js';
import { type Observed, Observer } from './observe.js';
import { proposeMapping } from './propose.js';

export interface MapOptions {
  /** Index parameters of the target; the engine's defaults for what is not named. */
  index: Readonly<Record<string, unknown>>;
  signal: AbortSignal;
  onProgress?(done: number, total: number): void;
}

const FEW = 2000;

/**
 * Proposes what each part of an export becomes in a target. Reads all points; nothing is written, no target is opened.
 * @throws InputError for a place that can be no target, or index parameters that the engine does not have
 */
export async function mapExport(folder: string, place: string, options: MapOptions): Promise<Mapping> {
  const opened = openExport(folder);
  const { definition, index } = await targetOf(place, options.index, opened.manifest.counts.exported);
  const observed = await observe(opened, definition.capabilities, options);
  return proposeMapping(opened.manifest, observed, definition, { place, index });
}

/** The engine of a place that may be written to, and its index parameters as it completes them. */
async function targetOf(place: string, given: MapOptions['index'], points: number) {
  const { engine, collection, as } = parseAddress(place, engineNames());
  if (Object.keys(as).length > 0) {
    throw new InputError('a new collection takes no parameters', {
      got: place,
      next: 'leave out what stands behind the ?; a ? in a name is written %3F',
    });
  }
  if (engine === EXPORT || collection === undefined || collection === '') {
    throw new InputError('cannot hold a new collection', {
      got: place,
      next: 'write engine:address#collection with the name that it is to have',
    });
  }
  const definition = await loadEngine(engine);
  requirePoints(definition, place);
  // Too few points to train an index on, and fast enough without one.
  const type = points < FEW && 'flat' in definition.capabilities.indexTypes ? { type: 'flat' } : {};
  const parsed = definition.parseOptions({ index: { ...type, ...given }, search: {} });
  if (parsed.state === 'ok') return { definition, index: parsed.index };
  throw new InputError(parsed.issues.map((fault) => faultText(placeFault('', fault))).join('; '), {
    where: engine,
  });
}

/** Everything that decides where the points of an export fit. */
export async function observe(
  { shape, manifest, points }: OpenExport,
  target: Capabilities,
  { signal, onProgress }: Pick<MapOptions, 'signal' | 'onProgress'>,
): Promise<Observed> {
  const observer = new Observer(shape, target.metadata?.maxTextBytes);
  let done = 0;
  for await (const group of points()) {
    signal.throwIfAborted();
    for (const point of group) observer.add(point);
    done += group.length;
    onProgress?.(done, manifest.counts.exported);
  }
  return observer.result();
}

/** Losses of a mapping that was edited, computed anew from the points, that nobody has accepted. */
export function openLosses(
  mapping: Mapping,
  { manifest }: OpenExport,
  observed: Observed,
  target: Capabilities,
): Loss[] {
  return unaccepted(mapping, lossesOf(mapping, manifest, observed, target));
}
