import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../../common/errors.js';
import { engineNames } from '../../../engines/registry.js';
import { EXPORT, parseAddress } from '../../connections/address.js';
import { openSource } from '../../connections/open-source.js';
import { exportCollection } from '../../export/export.js';
import { MANIFEST, type Manifest, readManifest } from '../../export/manifest.js';
import { checkParts, openExport } from '../../export/reader.js';
import { measureSource } from '../../probe/measure-source.js';
import type { Decision } from '../events.js';
import { hashOf } from '../hash.js';
import type { Stage, StageResult, Work } from '../stage.js';
import { countWords } from '../words.js';

const FOLDER = 'export';

/** Folder of the export that a migration works on: its own, or the one that its source is. */
export function exportFolder({ parsed, path, surroundings }: Work): string {
  const { engine, address } = parseAddress(parsed.source, engineNames());
  return engine === EXPORT ? resolve(surroundings.cwd, address) : path(FOLDER);
}

async function run(work: Work): Promise<StageResult> {
  const folder = exportFolder(work);
  const own = folder === work.path(FOLDER);
  if (own && !existsSync(work.path(FOLDER, MANIFEST))) await exportInto(folder, work);
  const opened = openExport(folder);
  await checkParts(opened, work.surroundings.signal);
  const { manifest } = opened;
  return {
    state: 'done',
    evidence: own ? [`${FOLDER}/${MANIFEST}`] : [],
    digest: contentOf(manifest),
    decisions: decisionsOf(manifest),
  };
}

async function exportInto(
  folder: string,
  { parsed, surroundings, onProgress, onNotice }: Work,
): Promise<void> {
  const { format, partRows, batch, workers, rate } = parsed.plan.export;
  const source = await openSource(parsed.source, surroundings);
  try {
    const { signal } = surroundings;
    await exportCollection(source, {
      folder,
      format,
      partRows,
      batchSize: batch,
      workers,
      rate,
      signal,
      measure: (written) => measureSource(source, folder, written, signal),
      onProgress,
      onNotice,
    });
  } finally {
    await source.close();
  }
}

/** Of the points and what is said of them, whenever and in how many files they were written. */
function contentOf({ sum, ids, vectors, fields, text, uri, tenant, source }: Manifest): string {
  const { engine, collection } = source;
  return hashOf({ sum, ids, vectors, fields, text, uri, tenant, engine, collection });
}

function decisionsOf({ consistency, counts, sum }: Manifest): Decision[] {
  if (consistency !== 'best-effort') return [];
  return [
    {
      id: 'best-effort',
      subject: hashOf({ consistency, sum }),
      words: 'the source has no snapshots and was written to while it was read',
      details: [
        `its counter said ${counts.before} before and ${counts.after} after; points that changed meanwhile may be as they were before or after`,
        'stop the writers and add --again export, or accept it if a later step catches up with the changes',
      ],
    },
  ];
}

export const exportStage: Stage = {
  name: 'export',
  title: 'Export',
  does: 'reads every point of the source, which is not changed, into hashed files',
  entry: 'the source can be reached',
  exit: 'the points read equal the source’s own counter; every file has its hash',
  reads: [],
  readsInCutover: ['capture'],
  inputs: ({ source, plan }) => ({ source, partRows: plan.export.partRows }),
  output: [FOLDER],
  run,
  check: async (work) => {
    try {
      await checkParts(openExport(exportFolder(work)), work.surroundings.signal);
      return undefined;
    } catch (error) {
      work.surroundings.signal.throwIfAborted();
      return messageOf(error);
    }
  },
  report: (work) => {
    const { counts, consistency, watermark, parts, sum, source, vectors, fields } = readManifest(
      exportFolder(work),
    );
    return {
      says: `${countWords(counts.exported, 'point')} exported (${consistency})`,
      figures: [
        { term: 'points', value: counts.exported, detail: `the source’s own counter: ${counts.after}` },
        {
          term: 'consistency',
          value: consistency,
          detail: watermark === null ? undefined : `watermark ${watermark}`,
        },
        {
          term: 'source',
          value: `${source.engine} ${source.engineVersion}`,
          detail: `${source.place}#${source.collection}`,
        },
        { term: 'files', value: parts.length, detail: `sum ${sum.slice(0, 16)}…` },
      ],
      tables: [
        {
          title: 'Vectors and fields of the source',
          columns: ['name', 'type', 'values', 'null'],
          rows: [
            ...vectors.map(({ name, kind, type, dimensions, metric, points }) => [
              name,
              `${kind} ${type}${dimensions === 0 ? '' : ` × ${dimensions}`}, ${metric ?? 'metric not told'}`,
              points,
              '',
            ]),
            ...fields.map(({ name, type, native, values, nulls }) => [
              name,
              type ?? native ?? 'mixed',
              values,
              nulls,
            ]),
          ],
        },
      ],
    };
  },
};
