import type { Inventory, InventoryField } from '../inventory/model.js';
import type { FieldProfile } from '../probe/field-profile.js';
import type { Profile } from '../probe/profile.js';
import type { Findings } from './findings.js';

/** What a place holds beside an inventory of what it should hold. Pure. */
export function checkAgainst(inventory: Inventory, profile: Profile, findings: Findings): void {
  const { counts, ids } = inventory;
  if (counts.scanned !== profile.points)
    findings.whole(
      'count-differs',
      'inventory',
      `${profile.points} points, the inventory has ${counts.scanned}`,
    );
  else if (ids.sum !== profile.ids.sum)
    findings.whole(
      'ids-differ',
      '',
      `${profile.ids.distinct} ids are not the ${counts.distinct} of the inventory`,
    );
  // What follows from points that are missing or new has been told.
  const slack = Math.abs(counts.scanned - profile.points);
  const changed = (now: number, before: number) => Math.abs(now - before) > slack;
  for (const { name, points } of inventory.vectors) {
    const now = profile.vectors.find((each) => each.name === name);
    if (points > 0 && (now === undefined || now.points === 0))
      findings.whole('field-lost', `vector ${name}`, `${points} points had it`);
    else if (now !== undefined && changed(now.points, points))
      findings.whole(
        'share-changed',
        `vector ${name}`,
        `${now.points} points have it, the inventory has ${points}`,
      );
  }
  for (const part of ['text', 'uri', 'tenant'] as const) {
    const [before, now] = [inventory.parts[part].texts, profile.parts[part].texts];
    if (before > 0 && now === 0) findings.whole('field-lost', part, `${before} points had one`);
    else if (changed(now, before))
      findings.whole('share-changed', part, `${now} points have one, the inventory has ${before}`);
  }
  for (const field of inventory.fields)
    checkField(
      field,
      profile.fields.find(({ name }) => name === field.name),
      changed,
      findings,
    );
}

function checkField(
  before: InventoryField,
  now: FieldProfile | undefined,
  changed: (now: number, before: number) => boolean,
  findings: Findings,
): void {
  const { name, values } = before;
  if (now === undefined || now.values === 0) {
    if (values > 0) findings.whole('field-lost', name, `${values} points had a value`);
    return;
  }
  const told = (count: number, was: number, what: string) =>
    changed(count, was) ? [`${count} ${what}, was ${was}`] : [];
  const types = new Set([...Object.keys(before.types), ...Object.keys(now.types)]);
  const changes = [
    ...[...types].flatMap((type) => told(now.types[type]?.count ?? 0, before.types[type]?.count ?? 0, type)),
    ...told(now.nulls, before.nulls, 'null'),
    ...told(now.missing, before.missing, 'missing'),
  ];
  if (changes.length > 0) findings.whole('share-changed', name, changes.join('; '));
}
