#!/usr/bin/env python3
"""How many requests per second OpenAI's own client for Python makes of a server that answers at once.

    cargo build --release -p holometer-providers --example load
    target/release/examples/load serve    # prints its address
    python parity/providers/clients.py ADDRESS [REQUESTS] [CONCURRENCY]    # needs `pip install openai`

The requests are those of `target/release/examples/load free`, which is the same measurement of Holometer's client.
"""

import asyncio
import sys
import time

from openai import AsyncOpenAI


async def measure(address: str, requests: int, concurrency: int) -> float:
    client = AsyncOpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)
    numbers = iter(range(requests))

    async def worker() -> None:
        for number in numbers:
            reply = await client.completions.create(
                model="fake-model", prompt=f"question {number}", max_tokens=4, temperature=0
            )
            assert reply.choices[0].text

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return requests / (time.perf_counter() - began)


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    requests, concurrency = (int(text) for text in (sys.argv[2:] + ["5000", "64"][len(sys.argv) - 2 :]))
    rate = asyncio.run(measure(sys.argv[1], requests, concurrency))
    print(f"{requests} requests, {concurrency} at once: {rate:.0f}/s")


if __name__ == "__main__":
    main()
