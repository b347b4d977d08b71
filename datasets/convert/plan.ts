import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { Dataset } from '../dataset.js';
import { beirFolder } from './beir-folder.js';
import { readCarried } from './carried.js';
import { describedFolder } from './described-folder.js';
import type { Keeping, Loss, LossKind } from './losses.js';
import { qrelsFile } from './parts.js';
import { singleFile } from './single-file.js';
import { type Target, targetOf } from './target.js';
import type { CarriedSet, ConversionPlan, ConversionRequest, PlanContext } from './types.js';

/**
 * Plans the conversion of a dataset to the format that a path names. Queries are read, points are not.
 * @throws InputError for a target that is not known, an unknown query set, or one that has nothing to write
 */
export async function planConversion(request: ConversionRequest): Promise<ConversionPlan> {
  const target = targetOf(request.out, request.format);
  const { dataset } = request;
  const plan: ConversionPlan = { folder: undefined, files: [], losses: [], notes: [] };
  if (target.kind === 'judgements') return judgementsAlone(request, target, plan);
  const writer = await target.format.writer();
  const keeping: Keeping = {
    format: target.kind === 'folder' && target.layout === 'beir' ? 'BEIR' : target.format.name,
    writer,
    component: writer.component(target.path),
    described: target.kind === 'folder' && target.layout === 'described',
    records: target.kind === 'folder' && target.format.metadata === 'beside',
  };
  const several = target.kind === 'folder' && target.layout === 'described' && writer.queries === 'beside';
  const names = several && request.set === undefined ? setNames(dataset) : chosenSet(request);
  const sets: CarriedSet[] = [];
  for (const name of names) sets.push(await readCarried(dataset, name, writer, plan, request.signal));
  const left = setNames(dataset).filter((name) => !names.includes(name));
  if (left.length > 0 && request.set === undefined) {
    plan.losses.push({
      kind: 'queries',
      what: `${keeping.format} takes one query set, "${names[0]}"; not written: ${left.join(', ')}`,
    });
  }
  const context: PlanContext = { ...request, info: dataset.info, keeping, sets, plan };
  if (target.kind === 'file') singleFile(context, target);
  else if (target.layout === 'beir') beirFolder(context, target.path);
  else describedFolder(context, target);
  return plan;
}

function setNames({ info }: Dataset): string[] {
  return info.querySets.map(({ name }) => name);
}

function chosenSet({ dataset, set }: ConversionRequest): string[] {
  const names = setNames(dataset);
  if (set === undefined) return names.slice(0, 1);
  if (names.includes(set)) return [set];
  throw new InputError(suggest(`dataset "${dataset.info.name}" has no query set "${set}"`, set, names, ''), {
    where: '--set',
    next: names.length === 0 ? 'leave it out: it has no queries' : `use one of ${names.join(', ')}`,
  });
}

async function judgementsAlone(
  request: ConversionRequest,
  target: Extract<Target, { kind: 'judgements' }>,
  plan: ConversionPlan,
): Promise<ConversionPlan> {
  const { dataset, set } = request;
  const judged = dataset.info.querySets.filter(
    (each) => each.judged && (set === undefined || each.name === set),
  );
  const [first] = judged;
  if (first === undefined) {
    throw new InputError('has no judgements', {
      where: dataset.info.source,
      next: 'give them with --qrels, or choose another query set with --set',
    });
  }
  if (set === undefined && judged.length > 1) {
    plan.losses.push({
      kind: 'judgements',
      what: `one query set is written, "${first.name}"; not written: ${judged
        .slice(1)
        .map(({ name }) => name)
        .join(', ')}`,
    });
  }
  plan.files.push(qrelsFile(dataset, first.name, target.path, target.layout));
  return plan;
}

/** Losses that the user did not accept. */
export function unaccepted(plan: ConversionPlan, accepted: readonly (LossKind | 'all')[]): Loss[] {
  return accepted.includes('all') ? [] : plan.losses.filter(({ kind }) => !accepted.includes(kind));
}
