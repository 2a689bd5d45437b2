"""What a check is (`check`, `letters`, `attempt`, `values`), and a file of checks per chapter.

00: start, 01: imagenet, 02: alexnet, 03: looking_inside, 04: vgg, 05: inception, 06: resnet,
07: pretrained, 08: practice.
"""
