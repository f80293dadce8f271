"""A kind cluster with Istio and Bookinfo, made for a run or kept between runs."""
