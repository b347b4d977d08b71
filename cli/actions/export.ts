import { resolve } from 'node:path';
import { EXIT, type ExitCode } from '../../common/errors.js';
import { notice, preparation } from '../../harness/app/context.js';
import { displayPath } from '../../harness/app/places.js';
import { openSource } from '../../migration/connections/open-source.js';
import { exportCollection } from '../../migration/export/export.js';
import type { Manifest } from '../../migration/export/manifest.js';
import type { PartFormat } from '../../migration/export/written-part.js';
import { measureSource } from '../../migration/probe/measure-source.js';
import type { CommandContext } from '../context.js';

export interface ExportCommand {
  out: string;
  partRows?: number;
  batch?: number;
  workers?: number;
  rate?: number;
  format: PartFormat;
  probes?: boolean;
}

/** `vecproof export`: a collection's points to a folder. */
export async function exportCommand(
  place: string,
  { out, partRows, batch, workers, rate, format, probes = true }: ExportCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const source = await openSource(place, context);
  const folder = resolve(context.cwd, out);
  try {
    const manifest = await exportCollection(source, {
      folder,
      measure: probes ? (written) => measureSource(source, folder, written, context.signal) : undefined,
      partRows,
      batchSize: batch,
      workers,
      rate,
      format,
      signal: context.signal,
      onProgress: preparation(context, 'export', 'points'),
      onNotice: (message) => notice(context, message),
    });
    context.progress.end();
    context.out.write(`${linesOf(manifest).join('\n')}\nwrote ${displayPath(folder, context.cwd)}\n`);
    return EXIT.passed;
  } finally {
    await source.close();
  }
}

const CONSISTENCY = {
  snapshot: 'exactly the points of one moment',
  repaired: 'the source has no snapshots; two passes agreed',
  'best-effort': 'the source has no snapshots, and two passes differed: it was written to meanwhile',
} as const;

function measuredWords(declared: string | null, measured: string | null): string {
  if (measured === null) return '';
  return measured === declared ? ' (measured, too)' : `, but its scores are of ${measured}`;
}

function filterLines(filters: Manifest['filters']): string[] {
  if (filters === null) return [];
  const probes = Object.entries(filters.probes);
  const asked = probes.filter(([, state]) => state !== 'not-asked');
  if (asked.length === 0) return [];
  const different = asked.filter(([, state]) => state === 'different').map(([probe]) => probe);
  const words = different.length === 0 ? '' : `, but ${different.join(', ')}`;
  return [`filters: ${asked.length} of ${probes.length} probes asked, as docs/filters.md has it${words}`];
}

function linesOf({
  counts,
  parts,
  consistency,
  watermark,
  vectors,
  filters,
  sum,
  source,
}: Manifest): string[] {
  return [
    `${counts.exported} points of ${source.place}#${source.collection} (${source.engine} ${source.engineVersion})`,
    `consistency: ${consistency} (${CONSISTENCY[consistency]})${watermark === null ? '' : `, watermark ${watermark}`}`,
    ...vectors.map(
      ({ name, kind, type, dimensions, metric, measuredMetric, points }) =>
        `vector "${name}": ${kind} ${type}${dimensions === 0 ? '' : ` ${dimensions}`}, metric ${metric ?? 'not declared'}${measuredWords(metric, measuredMetric)}, in ${points} points`,
    ),
    ...filterLines(filters),
    `${parts.length} ${parts.length === 1 ? 'file' : 'files'}, sum of all points ${sum}`,
  ];
}
