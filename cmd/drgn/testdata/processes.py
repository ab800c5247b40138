# Processes by multiprocessing's default method, which calls sys.executable.
import concurrent.futures
import multiprocessing


def square(n):
    return n * n


if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        print(multiprocessing.get_start_method(), pool.map(square, range(4)))
    with concurrent.futures.ProcessPoolExecutor(2) as executor:
        print(list(executor.map(square, range(3))))
