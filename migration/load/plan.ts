import { dirname } from 'node:path';
import { FailureError, InputError } from '../../common/errors.js';
import { faultText, placeFault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import { whyNotHeld } from '../../engines/kit/holds.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { type Address, parseAddress } from '../connections/address.js';
import { isTemplate, tenantCollection } from '../connections/tenant-names.js';
import { idType } from '../export/canonical.js';
import { nearFields } from '../export/near.js';
import { type OpenExport, openExport } from '../export/reader.js';
import { tenantsIn } from '../export/records.js';
import { requireDistinct } from '../mapping/choose-ids.js';
import { idsOf } from '../mapping/ids.js';
import { observe, openLosses } from '../mapping/map.js';
import { type Loss, type Mapping, readMapping } from '../mapping/mapping.js';
import { typedText } from '../mapping/typed-id.js';
import { type Apply, applyMapping } from './apply.js';
import { type ApplyColumns, columnMapping } from './columns.js';
import { specOf } from './spec.js';
import type { LoadOf } from './state.js';
import type { WholePoints } from './target.js';
import type { BatchTarget } from './write-batch.js';

/** What is loaded, how, and to where: everything that is known before anything is opened. */
export interface LoadPlan {
  source: OpenExport;
  mapping: Mapping;
  /** Where the mapping stands. */
  folder: string;
  definition: EngineDefinition;
  address: Address;
  spec: CollectionSpec;
  apply: Apply;
  /** The same for whole columns; undefined: its points have to be looked at one by one. */
  applyColumns: ApplyColumns | undefined;
  /** Fields of the source without a value of which a point is never loaded. */
  required: readonly string[];
  /** Of a collection for each tenant: whose; undefined: there is one collection. */
  tenants: readonly string[] | undefined;
  of: LoadOf;
}

/** @throws InputError for a mapping of another export, or a target that cannot hold what it asks for */
export async function planLoad(folder: string, mappingPath: string): Promise<LoadPlan> {
  const source = openExport(folder);
  const { mapping, hash } = readMapping(mappingPath);
  if (mapping.source.sum !== source.manifest.sum) {
    throw new InputError('the mapping is of another export: the sums differ', {
      where: mappingPath,
      got: mapping.source.sum,
      next: 'make the mapping again with "vecproof map"',
    });
  }
  const address = parseAddress(mapping.target.place, engineNames());
  const definition = await loadEngine(address.engine);
  const of = { sum: mapping.source.sum, mapping: hash, place: mapping.target.place };
  const { vectors } = source.shape;
  const tenants = isTemplate(address.collection) ? await tenantsIn(source) : undefined;
  const ids = {
    idOf: await idsOf(mapping, source.shape, dirname(mappingPath)),
    typed: (id: PointId) => typedText({ type: idType(source.shape, id), id }),
  };
  const apply = applyMapping(mapping, vectors, definition.capabilities.metadata?.nested, ids);
  const spec = (): CollectionSpec => ({
    ...specOf(mapping, address.collection!, vectors),
    index: indexOf(definition, mapping),
  });
  // Losses come first: what the target cannot hold is told by them, with what can be done about it.
  let made: CollectionSpec | undefined;
  const specMade = () => {
    made ??= checked(definition, spec(), mappingPath, tenants);
    return made;
  };
  return {
    source,
    mapping,
    folder: dirname(mappingPath),
    definition,
    address,
    apply,
    tenants,
    required: mapping.fields.filter((field) => field.required).map(({ from }) => from),
    of,
    get spec() {
      return specMade();
    },
    get applyColumns() {
      if (source.columns === undefined || tenants !== undefined) return undefined;
      return columnMapping(mapping, specMade(), vectors, definition);
    },
  };
}

function checked(
  definition: EngineDefinition,
  spec: CollectionSpec,
  where: string,
  tenants: readonly string[] | undefined,
): CollectionSpec {
  const reasons =
    tenants === undefined
      ? whyNotHeld(definition, spec)
      : tenants.flatMap((tenant) =>
          whyNotHeld(definition, { ...spec, name: tenantCollection(spec.name, tenant), tenant: false }),
        );
  if (reasons.length > 0) throw new InputError(reasons.join('; '), { where });
  return spec;
}

/** The mapping's index parameters, checked: people edit them. */
function indexOf(definition: EngineDefinition, { target }: Mapping): ParameterSet {
  const parsed = definition.parseOptions({ index: target.index, search: {} });
  if (parsed.state === 'ok') return parsed.index;
  const faults = parsed.issues.map((fault) => faultText(placeFault('target', fault)));
  throw new InputError(faults.join('; '), { where: 'mapping' });
}

/** Losses that nobody has accepted. Reads all points. */
export async function undecided(
  { source, mapping, folder, definition }: LoadPlan,
  signal: AbortSignal,
): Promise<Loss[]> {
  const { capabilities } = definition;
  const observed = await observe(source, capabilities, { signal });
  await requireDistinct(mapping, { opened: source, observed, engine: definition }, folder, signal);
  return openLosses(mapping, source, observed, capabilities);
}

/** How batches are written to a collection and compared with what is read back. */
export function batchTarget({ definition, spec }: LoadPlan, { points }: WholePoints): BatchTarget {
  const { points: support, metadata } = definition.capabilities;
  if (support === null) throw new FailureError('keeps no whole points', { where: definition.name });
  const { ids, vectors, fields } = spec;
  return {
    points,
    shape: {
      ids: ids === 'u32' || ids === 'u64' ? 'integer' : ids,
      vectors,
      timestamps: new Set(fields.filter(({ type }) => type === 'timestamp').map(({ name }) => name)),
    },
    declared: fields.map(({ name }) => name),
    near: nearFields(vectors, support.vectors),
    absence: metadata?.absence ?? 'kept',
    insertOnly: support.insertOnly !== false,
  };
}
