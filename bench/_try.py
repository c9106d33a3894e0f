import sys, asyncio, time, tempfile, logging, faulthandler
from pathlib import Path
from bench.mapping import *
if __name__ == "__main__":
    faulthandler.dump_traceback_later(60, exit=True)
    logging.basicConfig(level=logging.INFO)
    t=time.time()
    if sys.argv[1]=="cost": print(cost_of_a_message()); sys.exit()
    s=Size(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), 3)
    with tempfile.TemporaryDirectory() as f: m=asyncio.run(moves(s, 1e-5, Path(f)))
    print(m.latency.percentile(50), m.latency.percentile(99), m.messages, m.entries, m.memory_mb, time.time()-t)
