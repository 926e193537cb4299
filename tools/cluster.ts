/** The whole system as real processes on this machine: `npm run cluster -- [options]`. */
import { main } from "./cluster/main.ts";

await main(process.argv.slice(2));
