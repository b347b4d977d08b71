import type { Inventory, InventoryField } from '../inventory/model.js';
import type { FieldProfile } from '../probe/field-profile.js';
import type { Profile } from '../probe/profile.js';
import type { Findings } from './findings.js';

/**
 * What a place holds beside an inventory of what it should hold. Pure.
 * @param written points that were written between the two, as a change log has them: what they may explain is no finding
 */
export function checkAgainst(inventory: Inventory, profile: Profile, findings: Findings, written = 0): void {
  const { counts, ids } = inventory;
  const apart = Math.abs(counts.scanned - profile.points);
  const isExplained = apart <= written;
  if (apart > 0 && !isExplained)
    findings.whole(
      'count-differs',
      'inventory',
      `${profile.points} points, the inventory has ${counts.scanned}${written === 0 ? '' : `, and ${written} were written meanwhile`}`,
    );
  else if (apart === 0 && written === 0 && ids.sum !== profile.ids.sum)
    findings.whole(
      'ids-differ',
      '',
      `${profile.ids.distinct} ids are not the ${counts.distinct} of the inventory`,
    );
  if (written > 0 && isExplained && (apart > 0 || ids.sum !== profile.ids.sum))
    findings.whole(
      'written-meanwhile',
      '',
      `${profile.points} points, the inventory has ${counts.scanned}; ${written} were written between the two`,
    );
  // What follows from points that are missing or new has been told.
  const slack = Math.max(apart, written);
  const changed = (now: number, before: number) => Math.abs(now - before) > slack;
  const isLost = (before: number) => before > written;
  for (const { name, points } of inventory.vectors) {
    const now = profile.vectors.find((each) => each.name === name);
    if (isLost(points) && (now === undefined || now.points === 0))
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
    if (isLost(before) && now === 0) findings.whole('field-lost', part, `${before} points had one`);
    else if (changed(now, before))
      findings.whole('share-changed', part, `${now} points have one, the inventory has ${before}`);
  }
  for (const field of inventory.fields)
    checkField(
      field,
      profile.fields.find(({ name }) => name === field.name),
      { changed, isLost },
      findings,
    );
}

interface Judged {
  changed(now: number, before: number): boolean;
  isLost(before: number): boolean;
}

function checkField(
  before: InventoryField,
  now: FieldProfile | undefined,
  { changed, isLost }: Judged,
  findings: Findings,
): void {
  const { name, values } = before;
  if (now === undefined || now.values === 0) {
    if (isLost(values)) findings.whole('field-lost', name, `${values} points had a value`);
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
