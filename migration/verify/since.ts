import { resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import { EXPORT } from '../connections/address.js';
import { readManifest } from '../export/manifest.js';
import type { Place } from '../probe/place.js';

/**
 * A watermark as people give it: itself, or `export:./folder` for that of an earlier export of the target.
 * @throws InputError for an export without one, or of another collection
 */
export function watermarkOf(since: string, target: Place, cwd: string): string {
  if (!since.startsWith(`${EXPORT}:`)) return since;
  const { watermark, source } = readManifest(resolve(cwd, since.slice(EXPORT.length + 1)));
  const [engine, collection] =
    target.live === undefined
      ? [target.manifest?.source.engine, target.manifest?.source.collection]
      : [target.live.definition.name, target.live.description.spec.name];
  if (source.engine !== engine || source.collection !== collection)
    throw new InputError('is an export of another collection than the target', {
      where: '--since',
      got: `${source.place}#${source.collection}`,
      next: `give an export of ${target.place}`,
    });
  if (watermark === null)
    throw new InputError('has no watermark: its source has none', { where: '--since', got: since });
  return watermark;
}
