import type { Place } from '../probe/place.js';
import type { Profile } from '../probe/profile.js';
import type { VectorProfile } from '../probe/vector-profile.js';
import type { Findings } from './findings.js';

/** Ids, tenants and vectors: what a profile shows of them. Pure. */
export function checkPoints({ shape }: Place, profile: Profile, findings: Findings): void {
  const { ids, tenants } = profile;
  const points = (count: number) => (count === 1 ? '1 point' : `${count} points`);
  findings.add('id-repeated', '', ids.repeated, `${points(ids.repeated.count)} have an id that came before`);
  findings.add('id-empty', '', ids.empty, `${points(ids.empty.count)} have an empty id`);
  findings.add(
    'id-beyond-doubles',
    '',
    ids.beyondDoubles,
    `${points(ids.beyondDoubles.count)} have such an id`,
  );
  const { shared, without } = tenants;
  findings.add('id-in-several-tenants', '', shared, `${shared.count} ids are in several tenants`);
  if (tenants.points > 0)
    findings.add('tenant-missing', '', without, `${points(without.count)} belong to no tenant`);
  else findings.notChecked('no point has a tenant', 'tenant-missing', 'id-in-several-tenants');
  for (const [at, vector] of profile.vectors.entries())
    checkVector(shape.vectors[at]!.metric, vector, findings);
}

function checkVector(metric: string | null, vector: VectorProfile, findings: Findings): void {
  const { name, points, absent, wrongLength, notFinite, zero } = vector;
  if (points > 0) findings.add('vector-missing', name, absent, `${absent.count} points do not have it`);
  findings.add('vector-length', name, wrongLength, `${wrongLength.count} have another number of dimensions`);
  findings.add('vector-not-finite', name, notFinite, `${notFinite.count} hold NaN or infinity`);
  findings.add('vector-zero', name, zero, `${zero.count} are zero`);
  checkNorms(metric, vector, findings);
}

/** Shares between which two groups are told apart; below is an exception, not a group. */
const SMALLEST = 0.001;

function checkNorms(metric: string | null, vector: VectorProfile, findings: Findings): void {
  const { name, unit, notUnit, norms } = vector;
  const all = unit + notUnit.count;
  if (norms === null || all === 0) return;
  const most = Math.max(unit, notUnit.count) / all;
  const spread = norms.max / Math.max(norms.min, Number.MIN_VALUE);
  if (unit >= all / 2 && notUnit.count > 0 && most < 1) {
    findings.add(
      'norms-mixed',
      name,
      notUnit,
      `${unit} vectors are of length 1, and ${notUnit.count} are not`,
    );
  } else if (unit > SMALLEST * all && notUnit.count > 0 && norms.p99 > 1.5) {
    const what = `${unit} vectors are of length 1, and ${notUnit.count} are not (median ${norms.median.toPrecision(3)})`;
    findings.add('norms-mixed', name, { count: unit, examples: [] }, what);
  } else if (metric === 'cosine' && notUnit.count > 0 && spread > 1.01) {
    const what = `lengths are from ${norms.min.toPrecision(3)} to ${norms.max.toPrecision(3)}`;
    findings.add('norms-under-cosine', name, notUnit, what);
  }
}
