import type { Inventory } from '../../migration/inventory/model.js';

export function inventoryPage(inventory: Inventory): string {
  return JSON.stringify(inventory);
}
