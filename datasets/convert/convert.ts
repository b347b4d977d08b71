import { resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import { readQrels } from '../formats/qrels.js';
import { openSink } from '../formats/sink.js';
import { type OpenOptions, openDataset } from '../open.js';
import { writeQrels } from './judgements.js';
import type { LossKind } from './losses.js';
import { planConversion, unaccepted } from './plan.js';
import { targetOf } from './target.js';
import type { ConversionPlan, ConversionRequest } from './types.js';
import { writeConversion } from './write.js';

export interface ConvertRequest extends Pick<ConversionRequest, 'format' | 'set' | 'onProgress'> {
  /** Catalog name or path; for judgements alone also a file of these. */
  input: string;
  /** Path, relative to `open.baseFolder`; with a separator at its end it is a folder. */
  out: string;
  acceptLoss: readonly (LossKind | 'all')[];
  overwrite: boolean;
  /** Stops after the plan. */
  planOnly: boolean;
  open: OpenOptions;
}

/**
 * Writes a dataset in another format. What the target cannot hold is refused before anything is written, unless it was
 * accepted by its kind; files are written whole or not at all.
 * @returns what was (or would be) written; `warnings` are of how the source was read
 * @throws InputError for sources, targets and losses, FailureError if the files cannot be written
 */
export async function convertDataset(
  request: ConvertRequest,
): Promise<ConversionPlan & { warnings: readonly string[] }> {
  const { input, out, open, overwrite } = request;
  const path = `${resolve(open.baseFolder, out)}${/[/\\]$/.test(out) ? '/' : ''}`;
  const judgements = await judgementsFile(request, path);
  if (judgements !== undefined) {
    if (!request.planOnly) await writeConversion(judgements, { overwrite });
    return { ...judgements, warnings: [] };
  }
  const dataset = await openDataset(input, { ...open, queriesOptional: true });
  try {
    const { format, set, onProgress } = request;
    const plan = await planConversion({ dataset, out: path, format, set, onProgress, signal: open.signal });
    if (!request.planOnly) {
      refuseLosses(plan, request.acceptLoss);
      await writeConversion(plan, { overwrite });
    }
    return { ...plan, warnings: dataset.info.warnings ?? [] };
  } finally {
    await dataset.close();
  }
}

function refuseLosses(plan: ConversionPlan, accepted: ConvertRequest['acceptLoss']): void {
  const open = unaccepted(plan, accepted);
  if (open.length === 0) return;
  const kinds = [...new Set(open.map(({ kind }) => kind))].join(',');
  throw new InputError(
    `the target does not hold everything; nothing was written\n  ${open.map(({ kind, what }) => `${kind}: ${what}`).join('\n  ')}`,
    {
      next: `accept it with --accept-loss ${kinds}, or choose a target that holds it (parquet, or a folder)`,
    },
  );
}

/** Judgements from one layout to another, without a dataset. */
async function judgementsFile(
  { input, open, set }: ConvertRequest,
  out: string,
): Promise<ConversionPlan | undefined> {
  const isFile = /\.(tsv|txt|qrels|trec|jsonl)(\.(gz|zst))?$/i.test(input) && open.queriesFile === undefined;
  if (!isFile || set !== undefined || !/\.qrels(\.\w+){0,2}$/i.test(out)) return undefined;
  const target = targetOf(out, undefined);
  if (target.kind !== 'judgements') return undefined;
  const path = resolve(open.baseFolder, input);
  const qrels = await readQrels(path);
  const file = {
    path: out,
    what: `judgements of ${qrels.size} queries`,
    async write(temporary: string) {
      const sink = openSink(temporary, out);
      try {
        await writeQrels(sink, qrels, target.layout, path);
        await sink.end();
      } catch (error) {
        sink.abandon();
        throw error;
      }
    },
  };
  return { folder: undefined, files: [file], losses: [], notes: [] };
}
