import type { Command } from 'commander';
import { naturalNumber, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('inventory')
    .description(
      'what a collection or export holds and how it answers: counts, fields, measured metric, filters',
    )
    .argument('<place>', 'engine:address#collection, or export:folder')
    .option('--out <file>', 'write the inventory to this file: .json, .yaml or .yml')
    .option('--html <file>', 'write a page')
    .option('--json', 'print the inventory as JSON')
    .option('--queries <file>', "JSON Lines with the application's filters, k and score thresholds")
    .option('--tenant <field>', 'metadata field that says whose a point is')
    .option('--by-id <n>', 'ask for this many points again by their id (default: all of them)', naturalNumber)
    .action((place: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/inventory.js')).inventoryCommand(place, options, context),
      ),
    );
}
